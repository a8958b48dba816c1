/** One field of a request, drawn from its JSON Schema: a text, a number, a choice, a flag, a list, a map, or a group of fields. */
import type { ComponentChildren } from 'preact';
import { isRecord } from '../../../domain/json-value.js';
import { CheckField, Field, SelectField, TextField } from '../../components/form.js';
import { t } from '../../i18n.js';
import { type FieldPath, type FieldSchema, type Json, pathText, valueAt } from './draft.js';
import { labelKey } from './labels.js';

export interface FormState {
  readonly draft: Json;
  readonly set: (path: FieldPath, value: unknown) => void;
  /** What is wrong with a field, if it is to be shown already. */
  readonly problemAt: (path: string) => string | null;
}

export function SchemaField(props: {
  readonly form: FormState;
  readonly schema: FieldSchema;
  readonly path: FieldPath;
  readonly isRequired?: boolean;
}) {
  const { form, schema, path, isRequired = false } = props;
  const { type, properties, description, items } = schema;
  const value = valueAt(form.draft, path);
  const set = (next: unknown) => form.set(path, next);
  const hint = description === undefined ? undefined : <span lang="en">{description}</span>;
  const key = labelKey(path);
  const field = {
    ...{ label: key === null ? pathText(path) : t(key), path: pathText(path) },
    ...{ hint, problem: form.problemAt(pathText(path)), isRequired },
  };
  if (properties !== undefined) return <SchemaGroup form={form} schema={schema} path={path} />;
  if (schema.enum !== undefined) {
    const absent = schema.default === undefined ? t('new.absent') : t('new.default', { value: String(schema.default) });
    const options = schema.enum.map((one): [string, string] => [one, one]);
    return (
      <SelectField
        {...field}
        value={typeof value === 'string' ? value : ''}
        options={[['', absent], ...options]}
        onChange={(next) => set(next === '' ? undefined : next)}
      />
    );
  }
  if (type === 'boolean') {
    const byDefault = schema.default === true;
    const isChecked = typeof value === 'boolean' ? value : byDefault;
    return (
      <CheckField
        label={field.label}
        path={field.path}
        hint={hint}
        isChecked={isChecked}
        onChange={(next) => set(next === byDefault ? undefined : next)}
      />
    );
  }
  if (type === 'array' && items?.type === 'string') {
    return (
      <LinesField {...field} at={path} form={form} placeholder={exampleOf(items)} read={lines} write={linesText} />
    );
  }
  if (schema.additionalProperties !== undefined) {
    return <LinesField {...field} at={path} form={form} placeholder={t('new.pairs')} read={pairs} write={pairsText} />;
  }
  const isNumber = type === 'integer' || type === 'number';
  return (
    <TextField
      {...field}
      isNumber={isNumber}
      isMono
      value={value === undefined ? '' : String(value)}
      placeholder={schema.default === undefined ? exampleOf(schema) : String(schema.default)}
      onInput={(text) => set(text === '' ? undefined : isNumber ? numberOf(text) : text)}
    />
  );
}

/** @param only these fields; absent: all */
export function SchemaGroup(props: {
  readonly form: FormState;
  readonly schema: FieldSchema;
  readonly path: FieldPath;
  readonly only?: readonly string[];
}) {
  const { form, schema, path, only } = props;
  const names = Object.keys(schema.properties ?? {}).filter((name) => only === undefined || only.includes(name));
  return (
    <div class="form-grid">
      {names.map((name) => (
        <SchemaField
          key={name}
          form={form}
          schema={schema.properties?.[name] ?? {}}
          path={[...path, name]}
          isRequired={schema.required?.includes(name) === true}
        />
      ))}
    </div>
  );
}

function LinesField(props: {
  readonly label: string;
  readonly hint: ComponentChildren;
  readonly problem: string | null;
  readonly isRequired: boolean;
  readonly form: FormState;
  readonly path: string;
  readonly at: FieldPath;
  readonly placeholder: string;
  readonly read: (text: string) => unknown;
  readonly write: (value: unknown) => string;
}) {
  const { form, at, placeholder, read, write, ...field } = props;
  return (
    <Field {...field}>
      {(input) => (
        <textarea
          {...input}
          class="mono"
          rows={2}
          placeholder={placeholder}
          spellcheck={false}
          // The text as typed: an empty line at its end is not a value yet.
          defaultValue={write(valueAt(form.draft, at))}
          onInput={({ currentTarget }) => form.set(at, read(currentTarget.value))}
        />
      )}
    </Field>
  );
}

function exampleOf({ examples, items }: FieldSchema): string {
  return String(examples?.[0] ?? items?.examples?.[0] ?? '');
}

/** Text that is not a number is kept as typed, so that the validation reports it. */
function numberOf(text: string): number | string {
  const value = Number(text);
  return Number.isFinite(value) ? value : text;
}

const lines = (text: string) => {
  const values = text.split(/[\n,]/).flatMap((line) => (line.trim() === '' ? [] : [line.trim()]));
  return values.length === 0 ? undefined : values;
};
const linesText = (value: unknown) => (Array.isArray(value) ? value.join('\n') : '');

const pairs = (text: string) => {
  const values = text.split('\n').flatMap((line): [string, string][] => {
    if (line.trim() === '') return [];
    const at = line.indexOf('=');
    return [at < 0 ? [line.trim(), ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()]];
  });
  return values.length === 0 ? undefined : Object.fromEntries(values);
};
const pairsText = (value: unknown) =>
  isRecord(value)
    ? Object.entries(value)
        .map(([key, one]) => `${key}=${String(one)}`)
        .join('\n')
    : '';
