/** EFI programs: PE files made of sections, among them a GRUB with modules without code. */

/** As systemd's ukify makes it. `machine`: 0x8664 x86_64, 0xaa64 arm64. */
export function efiProgram(sections: Readonly<Record<string, string | Buffer>>, machine = 0x8664): Buffer {
  const contents = Object.entries(sections).map(([name, content]) => ({ name, content: Buffer.from(content) }));
  const head = Buffer.alloc(1024);
  head.write('MZ');
  head.writeUInt32LE(64, 60);
  head.write('PE\0\0', 64);
  head.writeUInt16LE(machine, 68);
  head.writeUInt16LE(contents.length, 70);
  let at = head.length;
  for (const [index, { name, content }] of contents.entries()) {
    const header = 64 + 24 + index * 40;
    head.write(name, header);
    head.writeUInt32LE(content.length, header + 8);
    head.writeUInt32LE(content.length, header + 16);
    head.writeUInt32LE(at, header + 20);
    at += content.length;
  }
  return Buffer.concat([head, ...contents.map(({ content }) => content)]);
}

export interface MadeGrub {
  readonly prefix: string;
  readonly configuration?: string;
  /** A file system inside the program. */
  readonly memdisk?: string;
  /** In its code. */
  readonly text?: string;
}

/** GRUB as `grub-mkimage -O x86_64-efi` makes it. */
export function grubEfi({ prefix, configuration, memdisk, text = '' }: MadeGrub): Buffer {
  const objects = Buffer.concat([
    ...(memdisk === undefined ? [] : [object(1, memdisk)]),
    ...(configuration === undefined ? [] : [object(2, configuration)]),
    object(3, prefix),
  ]);
  const header = Buffer.alloc(24);
  header.write('mimg');
  header.writeBigUInt64LE(24n, 8);
  header.writeBigUInt64LE(BigInt(24 + objects.length), 16);
  return efiProgram({ '.text': `GRUB grub_main ${text}`, mods: Buffer.concat([header, objects, Buffer.alloc(100)]) });
}

/** shim has the name of the next loader as UTF-16. */
export const SHIM = efiProgram({ '.data': Buffer.from('\\grubx64.efi', 'utf16le') });

function object(type: number, text: string): Buffer {
  const content = Buffer.from(`${text}\0`);
  const padded = Buffer.concat([content, Buffer.alloc((4 - (content.length % 4)) % 4)]);
  const header = Buffer.alloc(8);
  header.writeUInt32LE(type);
  header.writeUInt32LE(8 + padded.length, 4);
  return Buffer.concat([header, padded]);
}
