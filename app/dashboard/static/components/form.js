// A form that keeps what was typed, whatever comes of it, and shows at each field what the API says of it.

import { html, useRef, useState } from "../html.js";
import { errorText, faultText, t } from "../i18n.js";
import { Field } from "./field.js";
import { Notice } from "./notice.js";

export function useForm(initial) {
  const [values, setValues] = useState(initial);
  const [error, setError] = useState(null);
  const [busy, setBusy] = useState(false);
  const running = useRef(false);
  const set = (changes) => setValues((before) => ({ ...before, ...changes }));
  const faults = {};
  for (const fault of error?.problem?.errors ?? []) faults[fault.field.split(".")[0]] = faultText(fault);
  const submit = (action) => async (event) => {
    event?.preventDefault();
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setError(null);
    try {
      await action(values);
    } catch (caught) {
      setError(caught);
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return { values, set, error, faults, busy, submit, reset: (to = initial) => (setValues(to), setError(null)) };
}

/** What went wrong with the form as a whole. */
export const FormError = ({ form }) => form.error && html`<${Notice} kind="bad">${errorText(form.error)}<//>`;

/** A field of a form for a line of text. */
export const TextField = ({ form, name, label, hint, type = "text", value, ...rest }) =>
  html`<${Field} label=${label} hint=${hint} fault=${form.faults[name]}>
    ${(tied) => html`<input
      type=${type}
      name=${name}
      value=${form.values[name]}
      onInput=${(event) => form.set({ [name]: event.target.value })}
      ...${tied}
      ...${rest}
    />`}
  <//>`;

export const AreaField = ({ form, name, label, hint, rows = 4, ...rest }) =>
  html`<${Field} label=${label} hint=${hint} fault=${form.faults[name]}>
    ${(tied) => html`<textarea
      name=${name}
      rows=${rows}
      value=${form.values[name]}
      onInput=${(event) => form.set({ [name]: event.target.value })}
      ...${tied}
      ...${rest}
    ></textarea>`}
  <//>`;

/** `options`: pairs of a value and what it is called. */
export const SelectField = ({ form, name, label, hint, options }) =>
  html`<${Field} label=${label} hint=${hint} fault=${form.faults[name]}>
    ${(tied) => html`<select
      name=${name}
      value=${form.values[name]}
      onChange=${(event) => form.set({ [name]: event.target.value })}
      ...${tied}
    >
      ${options.map(([key, text]) => html`<option value=${key} key=${key}>${text}</option>`)}
    </select>`}
  <//>`;

export const Check = ({ label, hint, checked, onChange, ...rest }) =>
  html`<label class="check">
    <input type="checkbox" checked=${checked} onChange=${(event) => onChange(event.target.checked)} ...${rest} />
    <span>${label}${hint && html`<span class="hint">${hint}</span>`}</span>
  </label>`;

/** Several of a few: `chosen` is a list of their keys. */
export const Checks = ({ legend, options, chosen, onChange, fault }) =>
  html`<fieldset class="checks" aria-invalid=${fault ? "true" : undefined}>
    <legend>${legend}</legend>
    ${options.map(
      ([key, text, hint]) => html`<${Check}
        key=${key}
        label=${text}
        hint=${hint}
        checked=${chosen.includes(key)}
        onChange=${(on) => onChange(options.map(([each]) => each).filter((each) => (each === key ? on : chosen.includes(each))))}
      />`,
    )}
    ${fault && html`<span class="fault">${fault}</span>`}
  </fieldset>`;
