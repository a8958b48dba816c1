/** What a console says when a start has ended, well or badly; looked for in the serial console and on the text screen. */
import { printable } from '../bytes.js';

export type Sign = 'login' | 'panic' | 'emergency' | 'loader' | 'firmware';

export interface Seen {
  readonly sign: Sign;
  /** The line that says so. */
  readonly line: string;
}

/** Trouble goes first: an emergency shell may ask for a login as well. */
const SIGNS: readonly { readonly sign: Sign; readonly says: RegExp }[] = [
  { sign: 'panic', says: /^.*(?:Kernel panic - not syncing|end Kernel panic).*$/m },
  {
    sign: 'emergency',
    says: /^.*(?:\(initramfs\)|dracut:[^\n]*#|(?:Welcome to|You are in|Entering) (?:dracut )?emergency (?:mode|shell)|Dropping to a shell!|Give root password for maintenance|sh: can't access tty|rescue:\/#).*$/im,
  },
  {
    sign: 'loader',
    says: /^.*(?:grub rescue>|grub> ?$|BOOTMGR is missing|NTLDR is missing|Status: 0xc0[0-9a-f]{6}).*$/im,
  },
  {
    sign: 'firmware',
    says: /^.*(?:UEFI Interactive Shell|^Shell> ?$|No bootable (?:option or )?device|not a bootable disk|Operating system not found|Missing operating system|No bootable device).*$/im,
  },
  // Other messages may follow the prompt on its line. SAC is the console that Windows has on a serial port.
  { sign: 'login', says: /^(?:[\w.-]+ )?login:(?: .*)?$|^SAC> ?$/m },
];

export function findSign(console: string): Seen | null {
  for (const { sign, says } of SIGNS) {
    const line = says.exec(console)?.[0];
    if (line !== undefined) return { sign, line: printable(line) };
  }
  return null;
}

/** No line that matters is longer; a guest may write endless ones. */
const MAX_LINE = 400;

/** A console's bytes as lines: without the sequences that move a cursor or colour a text. */
export function consoleText(bytes: Buffer): string {
  return (
    bytes
      .toString('utf8')
      // A cursor that is set somewhere begins a new line.
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
      .replace(/\u001b\[\d*;\d*[Hf]/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: taking them out is the purpose.
      .replace(/\u001b(?:\[[0-9;?=]*[A-Za-z]|\][^\u0007]*\u0007|[()][A-Z0-9]|[=>78cDEHM])/g, '')
      .replace(/\r+/g, '\n')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '')
      .split('\n')
      .map((line) => line.slice(0, MAX_LINE))
      .join('\n')
  );
}
