// Keep what a speaker sounds like, where the project recognises people by their voices.

import { html } from "../html.js";
import { post } from "../api.js";
import { t } from "../i18n.js";
import { Button } from "../components/button.js";
import { useQuestion } from "../components/confirm.js";
import { useResource } from "../components/resource.js";
import { say } from "../components/toasts.js";

/** The voices that the recording's project knows: `on` once it is known that it recognises people by them. */
export function useVoices(recording) {
  const address = `/api/projects/${recording.info.value.project_id}`;
  const project = useResource(address);
  const known = useResource(`${address}/voiceprints`);
  const question = useQuestion();
  const isKept = (label) =>
    known.data.items.some(({ enrolled_from: from }) => from.transcription_id === recording.id && from.speaker === label);
  async function keep({ label, name }) {
    try {
      await post(`${address}/voiceprints`, { transcription_id: recording.id, speaker: label, name });
      say(t("reader.voiceNowKept", { name }));
    } catch (error) {
      if (error.code !== "conflict") throw error;
      say(t("reader.voiceUnknown"), { kind: "bad" });
    }
    known.reload();
  }
  const ask = (speaker) =>
    question.ask({
      title: t("reader.keepVoiceAsk", { name: speaker.name }), text: t("reader.keepVoiceText", { name: speaker.name }),
      action: t("reader.keepVoice"), danger: false, onConfirm: () => keep(speaker),
    });
  return { on: Boolean(project.data?.recognise_speakers && known.data), page: `/projects/${recording.info.value.project_id}?part=voices`, isKept, ask, shown: question.shown };
}

/** Of a speaker who has a name: it is what the voice is recognised as. */
export function KeepVoice({ speaker, voices }) {
  if (!voices.on || !speaker.name) return null;
  if (voices.isKept(speaker.label)) return html`<a href=${voices.page}>${t("reader.voiceKept")}</a>`;
  return html`<${Button} kind="quiet small" aria-label=${t("reader.keepVoiceOf", { name: speaker.name })} onPress=${() => voices.ask(speaker)}>${t("reader.keepVoice")}<//>`;
}
