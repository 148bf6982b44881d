// Whether speakers are recognised by their voices, and whose voices are known.

import { html } from "../html.js";
import { patch, remove } from "../api.js";
import { t } from "../i18n.js";
import { Button } from "../components/button.js";
import { useQuestion } from "../components/confirm.js";
import { Moment } from "../components/moment.js";
import { Loaded, useResource } from "../components/resource.js";
import { Panel } from "../components/sections.js";
import { Table } from "../components/table.js";
import { say, sayError } from "../components/toasts.js";

export function Voices({ project, owns, edits, reload }) {
  const path = `/api/projects/${project.id}/voiceprints`;
  const voices = useResource(path);
  const question = useQuestion();
  const on = project.recognise_speakers;
  const change = async (wanted) => {
    await patch(`/api/projects/${project.id}`, { recognise_speakers: wanted });
    say(t(wanted ? "voices.nowOn" : "voices.nowOff"));
    reload();
    voices.reload();
  };
  // Off deletes every voice there is; on keeps from now on what people sound like.
  const ask = () =>
    question.ask({
      title: t(on ? "voices.askOff" : "voices.askOn"),
      text: t(on ? "voices.offText" : "voices.onText"),
      action: t(on ? "voices.switchOff" : "voices.switchOn"),
      danger: on,
      onConfirm: () => change(!on),
    });
  const askForget = ({ id, name }) =>
    question.ask({
      title: t("voices.askForget", { name }), text: t("voices.forgetText"), action: t("voices.forget"),
      onConfirm: async () => {
        await remove(`${path}/${id}`).catch((error) => {
          sayError(error);
          throw error;
        });
        voices.reload();
      },
    });
  const actions = owns && html`<${Button} kind=${on ? "danger" : "main"} onPress=${ask}>${t(on ? "voices.switchOff" : "voices.switchOn")}<//>`;
  return html`<${Panel} title=${t("project.part.voices")} hint=${t(on ? "voices.on" : "voices.off")} actions=${actions}>
    ${on &&
    html`<${Loaded} of=${voices}>
      ${({ items }) => html`<${Table}
        caption=${t("project.part.voices")}
        rows=${items}
        empty=${t("voices.none")}
        columns=${[
          { key: "name", label: t("projects.name"), head: true, of: ({ name }) => name },
          { key: "from", label: t("voices.from"), of: ({ enrolled_from: { transcription_id: id } }) => (id ? html`<a href=${`/recordings/${id}`}>${t("voices.recording")}</a>` : t("voices.gone")) },
          { key: "by", label: t("voices.by"), of: ({ created_by: by }) => by ?? t("voices.byKey") },
          { key: "at", label: t("voices.at"), of: ({ created_at: at }) => html`<${Moment} at=${at} />` },
          ...(edits ? [{ key: "actions", label: t("table.actions"), kind: "actions", of: (voice) => html`<${Button} kind="quiet" aria-label=${t("voices.forgetName", { name: voice.name })} onPress=${() => askForget(voice)}>${t("voices.forget")}<//>` }] : []),
        ]}
      />`}
    <//>`}
    ${question.shown}
  <//>`;
}
