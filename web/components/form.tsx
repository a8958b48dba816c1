/** Fields of forms: a label, the input, a hint, and the message of what is wrong with the value. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { t } from '../i18n.js';
import { ServerText } from './note.js';
import './form.css';

/** Characters in a line of text; no field of the API takes more. A browser stands still for seconds over a line of a megabyte. */
const MAX_CHARACTERS = 8_192;

interface FieldProps {
  readonly label: string;
  /** The path of the field in the API, shown small beside the label. */
  readonly path?: string | undefined;
  readonly hint?: ComponentChildren;
  /** What is wrong with the value, in the words of the API. */
  readonly problem?: string | null | undefined;
  readonly isRequired?: boolean;
}

/** @param children gets the ID of the input and of the texts that describe it */
export function Field(
  props: FieldProps & {
    readonly children: (input: {
      readonly id: string;
      readonly 'aria-describedby': string;
      readonly 'aria-invalid': boolean;
      readonly required: boolean;
    }) => ComponentChildren;
  },
) {
  const { label, path, hint, problem = null, isRequired = false, children } = props;
  const id = useId();
  return (
    <div class={problem === null ? 'form-field' : 'form-field wrong'}>
      <div class="field-head">
        <label for={id}>
          {label}
          {isRequired ? <span aria-hidden="true"> *</span> : null}
        </label>
        <FieldPath path={path} />
      </div>
      {children({ id, 'aria-describedby': `${id}-about`, 'aria-invalid': problem !== null, required: isRequired })}
      <div id={`${id}-about`} class="form-about">
        {problem === null ? null : (
          <p class="field-error" role="alert">
            <ServerText text={problem} />
          </p>
        )}
        {hint === undefined ? null : <p class="hint">{hint}</p>}
      </div>
    </div>
  );
}

function FieldPath({ path }: { readonly path: string | undefined }) {
  return path === undefined ? null : <code class="field-path">{path}</code>;
}

export function TextField(
  props: FieldProps & {
    readonly value: string;
    readonly onInput: (value: string) => void;
    readonly placeholder?: string;
    readonly isNumber?: boolean;
    readonly isMono?: boolean;
  },
) {
  const { value, onInput, placeholder = '', isNumber = false, isMono = false, hint, ...field } = props;
  const full = value.length < MAX_CHARACTERS ? null : t('form.cutOff', { count: MAX_CHARACTERS });
  return (
    <Field {...field} hint={full ?? hint}>
      {(input) => (
        <input
          {...input}
          class={isMono ? 'mono' : ''}
          type="text"
          inputMode={isNumber ? 'numeric' : 'text'}
          value={value}
          placeholder={placeholder}
          maxLength={MAX_CHARACTERS}
          autocomplete="off"
          spellcheck={false}
          onInput={({ currentTarget }) => onInput(currentTarget.value)}
        />
      )}
    </Field>
  );
}

export function SelectField(
  props: FieldProps & {
    readonly value: string;
    readonly options: readonly (readonly [value: string, text: string])[];
    readonly onChange: (value: string) => void;
  },
) {
  const { value, options, onChange, ...field } = props;
  return (
    <Field {...field}>
      {(input) => (
        <select {...input} value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
          {options.map(([one, text]) => (
            <option key={one} value={one}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function CheckField(props: {
  readonly label: string;
  readonly path?: string;
  readonly hint?: ComponentChildren;
  readonly isChecked: boolean;
  readonly onChange: (isChecked: boolean) => void;
}) {
  const id = useId();
  const { label, path, hint, isChecked, onChange } = props;
  return (
    <div class="form-check">
      <input
        id={id}
        type="checkbox"
        checked={isChecked}
        aria-describedby={`${id}-about`}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      <div>
        <div class="field-head">
          <label for={id}>{label}</label>
          <FieldPath path={path} />
        </div>
        <p id={`${id}-about`} class="hint">
          {hint}
        </p>
      </div>
    </div>
  );
}
