/** A request as a caller writes it: fields with a default may be left out. */
import type { z } from 'zod';
import type { importRequestSchema } from '../domain/request/shape.js';

export type ImportRequestInput = DeepReadonly<z.input<typeof importRequestSchema>>;

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;
