/** The input type of a request: fields with a default are optional. */
import type { z } from 'zod';
import type { importRequestSchema } from '../domain/request/shape.js';

export type ImportRequestInput = DeepReadonly<z.input<typeof importRequestSchema>>;

type DeepReadonly<T> = T extends (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;
