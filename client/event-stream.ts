/** Reads server-sent events (WHATWG HTML, section 9.2) from a response. */

export interface ServerSentEvent {
  readonly id: string | null;
  readonly type: string;
  readonly data: string;
}

/** Ends with the stream; throws when the connection breaks. */
export async function* serverSentEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  let fields: { id: string | null; type: string; data: string[] } = { id: null, type: 'message', data: [] };
  for await (const line of lines(body)) {
    if (line === '') {
      if (fields.data.length > 0) yield { id: fields.id, type: fields.type, data: fields.data.join('\n') };
      fields = { id: null, type: 'message', data: [] };
      continue;
    }
    const [, name, value] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (name === 'id') fields.id = value ?? '';
    else if (name === 'event') fields.type = value ?? '';
    else if (name === 'data') fields.data.push(value ?? '');
  }
}

async function* lines(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  // Not `for await`: the page reads streams too, and Safari cannot iterate them.
  const reader = body.getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      rest += decoder.decode(value, { stream: true });
      const parts = rest.split(/\r\n|\n|\r(?!$)/);
      rest = parts.pop() ?? '';
      yield* parts;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}
