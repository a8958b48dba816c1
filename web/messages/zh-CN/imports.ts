/** As en/imports.ts, in Simplified Chinese. */
import type { Message } from '../catalogue.js';
import type { imports as english } from '../en/imports.js';

export const imports: Readonly<Record<keyof typeof english, Message>> = {
  'imports.none': '没有导入',
  'imports.image': '镜像',
  'imports.state': '状态',
  'imports.created': '创建时间',
};
