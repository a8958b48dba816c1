/** A request that a person starts, its progress, and its answer. */
import { type Signal, useSignal } from '@preact/signals';
import { ApiError } from '../../api.js';

export type Acted<Answer> =
  | { readonly kind: 'none' | 'busy' }
  | { readonly kind: 'failed'; readonly error: ApiError }
  | { readonly kind: 'done'; readonly answer: Answer };

export function useAction<Answer>(): readonly [Signal<Acted<Answer>>, (send: () => Promise<Answer>) => Promise<void>] {
  const state = useSignal<Acted<Answer>>({ kind: 'none' });
  async function run(send: () => Promise<Answer>): Promise<void> {
    if (state.value.kind === 'busy') return;
    state.value = { kind: 'busy' };
    try {
      state.value = { kind: 'done', answer: await send() };
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      state.value = { kind: 'failed', error };
    }
  }
  return [state, run];
}
