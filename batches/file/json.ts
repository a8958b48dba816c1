/**
 * JSON: `{"name": …, "policy": …, "defaults": …, "items": [ … ]}`, or only the list of items. The stream is divided into
 * items, each of which is parsed separately, so that memory use is constant and the line of every item is known.
 */
import { readJson } from '../../domain/json-document.js';
import { BatchFileError, type Entry, MAX_ITEM_CHARACTERS, tooLong } from './entries.js';

/** The text of one JSON value in the stream; complete when all brackets and quotes are closed. */
class Cut {
  private readonly parts: string[] = [];
  private length = 0;
  private depth = 0;
  private inString = false;
  private escaped = false;
  private started = false;

  constructor(readonly line: number) {}

  /** Reads characters from `at` on. Returns the end of the value, or -1 if it continues in the next chunk. */
  take(chunk: string, at: number): number {
    for (let index = at; index < chunk.length; index++) {
      const end = this.step(chunk.charCodeAt(index));
      if (end === 'after') return this.keep(chunk.slice(at, index + 1), index + 1);
      if (end === 'before') return this.keep(chunk.slice(at, index), index);
    }
    this.keep(chunk.slice(at), chunk.length);
    return -1;
  }

  get text(): string {
    return this.parts.join('');
  }

  /** Whether the value ends after this character, or before it; null: it continues. */
  private step(code: number): 'after' | 'before' | null {
    if (this.inString) {
      if (this.escaped) this.escaped = false;
      else if (code === BACKSLASH) this.escaped = true;
      else if (code === QUOTE) {
        this.inString = false;
        return this.depth === 0 ? 'after' : null;
      }
      return null;
    }
    const scalar = this.started && this.depth === 0;
    this.started = true;
    if (scalar && (isSpace(code) || code === COMMA || CLOSING.includes(code))) return 'before';
    if (code === QUOTE) this.inString = true;
    else if (OPENING.includes(code)) this.depth += 1;
    else if (CLOSING.includes(code)) {
      this.depth -= 1;
      if (this.depth === 0) return 'after';
    }
    return null;
  }

  private keep(text: string, end: number): number {
    this.length += text.length;
    if (this.length > MAX_ITEM_CHARACTERS) throw tooLong(this.line);
    this.parts.push(text);
    return end;
  }
}

type Place = 'start' | 'key' | 'colon' | 'value' | 'elements' | 'end';

export async function* jsonEntries(chunks: AsyncIterable<string>): AsyncGenerator<Entry> {
  const document = new JsonDocument();
  for await (const chunk of chunks) yield* document.read(chunk);
  document.end();
}

class JsonDocument {
  private place: Place = 'start';
  private line = 1;
  private cut: Cut | null = null;
  private cutting: 'key' | 'value' | 'element' = 'element';
  private key = '';
  private itemsSeen = false;
  private listAlone = false;
  private separated = true;

  *read(chunk: string): Generator<Entry> {
    let at = 0;
    while (at < chunk.length) {
      if (this.cut === null) {
        this.between(chunk.charCodeAt(at));
        if (this.cut === null) {
          at += 1;
          continue;
        }
      }
      const cut: Cut = this.cut;
      const end = cut.take(chunk, at);
      this.countLines(chunk, at, end < 0 ? chunk.length : end);
      if (end < 0) return;
      this.cut = null;
      yield* this.finish(cut);
      at = end;
    }
  }

  end(): void {
    if (this.place !== 'end') throw new BatchFileError(this.line, 'the file is incomplete: a bracket is not closed');
    if (!this.itemsSeen) throw new BatchFileError(this.line, 'there are no items: add "items": [ … ]');
  }

  /** Reads one character between values. */
  private between(code: number): void {
    if (code === NEWLINE) this.line += 1;
    if (isSpace(code)) return;
    switch (this.place) {
      case 'start':
        if (code === OPEN_LIST) this.beginItems(true);
        else if (code === OPEN_OBJECT) this.place = 'key';
        else throw this.unexpected(code, '{ or [');
        break;
      case 'key':
        if (code === CLOSE_OBJECT) this.place = 'end';
        else if (code === COMMA && !this.separated) this.separated = true;
        else if (code === QUOTE && this.separated) this.begin('key');
        else throw this.unexpected(code, this.separated ? 'a name in quotes' : 'a comma or }');
        break;
      case 'colon':
        if (code !== COLON) throw this.unexpected(code, 'a colon');
        this.place = 'value';
        break;
      case 'value':
        if (this.key !== 'items') this.begin('value');
        else if (code === OPEN_LIST) this.beginItems(false);
        else throw this.unexpected(code, '[ after "items":');
        break;
      case 'elements':
        if (code === CLOSE_LIST) {
          this.place = this.listAlone ? 'end' : 'key';
          this.separated = false;
        } else if (code === COMMA && !this.separated) this.separated = true;
        else if (code === COMMA || !this.separated) throw this.unexpected(code, 'a comma or ]');
        else this.begin('element');
        break;
      case 'end':
        throw this.unexpected(code, 'the end of the file');
    }
  }

  private begin(what: 'key' | 'value' | 'element'): void {
    this.cutting = what;
    this.cut = new Cut(this.line);
  }

  private beginItems(alone: boolean): void {
    if (this.itemsSeen) throw new BatchFileError(this.line, '"items" occurs twice');
    this.place = 'elements';
    this.itemsSeen = true;
    this.listAlone = alone;
    this.separated = true;
  }

  private *finish(cut: Cut): Generator<Entry> {
    this.separated = false;
    if (this.cutting === 'key') {
      this.key = String(parsed(cut));
      this.place = 'colon';
    } else if (this.cutting === 'value') {
      this.place = 'key';
      yield { kind: 'header', header: { [this.key]: parsed(cut) }, line: cut.line };
    } else {
      const read = readJson(cut.text, cut.line);
      yield read.ok
        ? { kind: 'item', line: cut.line, value: read.value }
        : { kind: 'unreadable', line: cut.line, reason: read.message };
    }
  }

  private countLines(chunk: string, from: number, to: number): void {
    for (let at = chunk.indexOf('\n', from); at >= 0 && at < to; at = chunk.indexOf('\n', at + 1)) this.line += 1;
  }

  private unexpected(code: number, wanted: string): BatchFileError {
    return new BatchFileError(this.line, `found ${JSON.stringify(String.fromCharCode(code))}, expected ${wanted}`);
  }
}

function parsed(cut: Cut): unknown {
  const read = readJson(cut.text, cut.line);
  if (read.ok) return read.value;
  throw new BatchFileError(cut.line, read.message);
}

const codeOf = (character: string) => character.charCodeAt(0);
const [QUOTE, BACKSLASH, COMMA, COLON, NEWLINE] = ['"', '\\', ',', ':', '\n'].map(codeOf);
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = ['{', '}', '[', ']'].map(codeOf);
const OPENING: readonly (number | undefined)[] = [OPEN_OBJECT, OPEN_LIST];
const CLOSING: readonly (number | undefined)[] = [CLOSE_OBJECT, CLOSE_LIST];

function isSpace(code: number): boolean {
  return code === 32 || code === 10 || code === 13 || code === 9;
}
