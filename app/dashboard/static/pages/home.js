// The recordings of my projects: found, followed, sent.

import { html, useCallback, useEffect, useMemo, useRef, useState } from "../html.js";
import { dateTime, language, t } from "../i18n.js";
import { draft } from "../model/drafts.js";
import { narrows, NOTHING, readFilters } from "../model/filters.js";
import { discard, fileOf, kept } from "../model/kept_recordings.js";
import { loadProjects, projects, sendable } from "../model/projects_of_mine.js";
import { followChanges, list, show } from "../model/recordings.js";
import { search } from "../model/search.js";
import { dropped } from "../model/uploads.js";
import { query, setQuery } from "../router.js";
import { BulkBar } from "../components/bulk_bar.js";
import { Button } from "../components/button.js";
import { DropTarget } from "../components/drop_target.js";
import { EmptyHome } from "../components/empty_home.js";
import { FilterBar } from "../components/filter_bar.js";
import { Icon } from "../components/icon.js";
import { KeptRecordings } from "../components/kept_notice.js";
import { RecordDialog } from "../components/record_dialog.js";
import { RecordingList } from "../components/recording_list.js";
import { SearchResults } from "../components/search_results.js";
import { SendFiles, SendLink } from "../components/send_dialog.js";
import { sayError, say } from "../components/toasts.js";
import { UploadTray } from "../components/upload_tray.js";

const MEDIA = "audio/*,video/*,.m4a,.mka,.mkv,.opus,.amr,.wma,.flac,.ogg,.oga,.webm,.mp3,.wav,.mp4,.mov";

export function Page() {
  const address = query.value.toString();
  const filters = useMemo(() => readFilters(query.value), [address]);
  const [chosen, setChosen] = useState(new Set());
  const [dialog, setDialog] = useState(null);
  const [left, setLeft] = useState([]);
  const input = useRef(null);

  useEffect(() => {
    document.title = `${t("app.recordings")} · Vocalyx`;
  }, [language.value]);
  const { q, ...narrowing } = filters;
  useEffect(() => void show(filters), [JSON.stringify(narrowing)]);
  useEffect(() => void search(filters), [address]);

  const open = useCallback(async (wanted) => {
    try {
      if (!projects.value) await loadProjects();
    } catch (error) {
      sayError(error);
      return;
    }
    if (sendable.value.length) setDialog(wanted);
    else say(t("home.mayNotSend"), { kind: "bad" });
  }, []);
  const withFiles = useCallback((files) => open({ kind: "files", files }), []);
  const withLink = useCallback((text) => {
    if (typeof text === "string") draft("link", "").value = text;
    open({ kind: "link" });
  }, []);
  useEffect(() => {
    loadProjects().catch(sayError);
    kept().then(setLeft, () => {});
    if (dropped.peek()) withFiles(dropped.peek());
    dropped.value = null;
    return followChanges();
  }, []);
  const record = useCallback(() => open({ kind: "record" }), []);
  const choose = useCallback(() => (sendable.value.length || !projects.value ? input.current.click() : open()), []);
  const close = () => setDialog(null);

  async function withRecording(recording) {
    const file = await fileOf(recording, t("record.name", { at: dateTime(new Date(recording.began).toISOString()) }));
    setDialog({ kind: "files", files: [file], recording });
    setLeft(await kept());
  }
  async function letGo(recording) {
    await discard(recording.id);
    setLeft(await kept());
  }

  const items = list.value.items;
  const picked = items.filter((item) => chosen.has(item.id));
  const nothing = list.value.known && !items.length && !list.value.loading;
  const first = nothing && !narrows(filters) && !q;
  return html`
    <div class="home-head">
      <h1>${t("app.recordings")}</h1>
      ${!first &&
      html`<div class="home-actions">
        <${Button} kind="main" onPress=${choose}><${Icon} name="upload" />${t("home.send")}<//>
        <${Button} onPress=${record}><${Icon} name="microphone" />${t("home.record")}<//>
        <${Button} onPress=${withLink}><${Icon} name="link" />${t("home.link")}<//>
      </div>`}
    </div>
    <input ref=${input} type="file" hidden multiple accept=${MEDIA}
      onChange=${(event) => (event.target.files.length && withFiles([...event.target.files]), (event.target.value = ""))} />
    <${KeptRecordings} recordings=${dialog?.recording ? left.filter(({ id }) => id !== dialog.recording.id) : left}
      hidden=${dialog?.kind === "record"} onSend=${withRecording} onDiscard=${letGo} />
    <${UploadTray} onChooseFiles=${choose} />
    ${!first && html`<${FilterBar} filters=${filters} />`}
    ${q
      ? html`<${SearchResults} filters=${filters} />`
      : first && projects.value
        ? html`<${EmptyHome} onChooseFiles=${choose} onRecord=${record} onLink=${withLink} />`
        : nothing && narrows(filters)
          ? html`<div class="nothing"><h2>${t("home.noneLeft")}</h2>
              <${Button} onPress=${() => setQuery(NOTHING)}>${t("home.clear")}<//></div>`
          : list.value.known || list.value.error
            ? html`<${RecordingList} chosen=${chosen} onChoose=${setChosen} />`
            : html`<p role="status">${t("app.loading")}</p>`}
    ${!q && html`<${BulkBar} items=${picked} onDone=${() => setChosen(new Set())} />`}
    ${!dialog && html`<${DropTarget} onFiles=${withFiles} onLink=${withLink} />`}
    ${dialog?.kind === "files" &&
    html`<${SendFiles} key=${dialog.recording?.id} files=${dialog.files} onClose=${close} onDone=${() => dialog.recording && letGo(dialog.recording)} />`}
    ${dialog?.kind === "link" && html`<${SendLink} onClose=${close} />`}
    ${dialog?.kind === "record" && html`<${RecordDialog} onRecorded=${withRecording} onClose=${async () => (close(), setLeft(await kept()))} />`}
  `;
}
