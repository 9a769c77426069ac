/** The end of a command that did not work: one plain sentence for a person, and the exit code. Never a stack trace. */
import { ChannelAccountError } from '../channels/catalogue.ts';
import { ConfigError } from '../runtime/config.ts';
import { EmbeddedPostgresUnavailable } from '../store/embedded/unavailable.ts';
import { inChinese } from './chinese.ts';
import type { ExitCode } from './command.ts';
import { UsageError } from './command.ts';
import { codeOf } from './database.ts';
import type { Words } from './words.ts';

export type Failure = { readonly words: Words; readonly exitCode: ExitCode };

/** What to say of anything that a command threw. */
export function failureOf(error: unknown): Failure {
  if (error instanceof UsageError) return error;
  if (error instanceof ConfigError || error instanceof ChannelAccountError) {
    return { words: faultWords(error.faults), exitCode: 2 };
  }
  const message = messageOf(error);
  if (error instanceof EmbeddedPostgresUnavailable) {
    return { words: { en: message, zh: inChinese(message) }, exitCode: 1 };
  }
  const words = systemWords(error) ?? {
    en: `tieout failed: ${message} TIEOUT_TRACE=1 shows where.`,
    zh: `tieout 失败：${inChinese(message)} 设置 TIEOUT_TRACE=1 可查看出处。`,
  };
  return { words, exitCode: 1 };
}

const list = (lines: readonly string[]): string => lines.map((line) => `  - ${line}`).join('\n');

/** Every fault of a configuration on a line of its own. */
export function faultWords(faults: readonly string[]): Words {
  return {
    en: `The configuration is not usable:\n${list(faults)}`,
    zh: `配置不可用：\n${list(faults.map(inChinese))}`,
  };
}

/** The message of anything that was thrown, as a sentence; of several attempts at one address, the first one's. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return messageOf(error.errors[0]);
  const message = error instanceof Error ? error.message : String(error);
  return /[.!?。]$/.test(message) ? message : `${message}.`;
}

function systemWords(error: unknown): Words | null {
  const detail = Object(error);
  const path = String(Reflect.get(detail, 'path') ?? '');
  const port = String(Reflect.get(detail, 'port') ?? '');
  const address = String(Reflect.get(detail, 'address') ?? '');
  const code = codeOf(error);
  if (code === 'EADDRINUSE' || (code === 'EACCES' && port !== '')) return portWords(code, port);
  if (
    code === 'EADDRNOTAVAIL' ||
    (code === 'ENOTFOUND' && Reflect.get(detail, 'syscall') === 'getaddrinfo')
  ) {
    const host = address || String(Reflect.get(detail, 'hostname') ?? '');
    return {
      en: `TIEOUT_HOST is ${host}, which is no address of this machine: use 127.0.0.1, or 0.0.0.0 for all of them.`,
      zh: `TIEOUT_HOST 为 ${host}，不是本机地址：请用 127.0.0.1，或用 0.0.0.0 表示全部。`,
    };
  }
  if (path === '') return null;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return {
        en: `${path} cannot be written or read (${code}): give this user the right to, or choose another folder with TIEOUT_DATA_DIR.`,
        zh: `无法读写 ${path}（${code}）：请授予当前用户权限，或用 TIEOUT_DATA_DIR 另选目录。`,
      };
    case 'ENOTDIR':
    case 'EEXIST':
    case 'ENOENT':
      return {
        en: `${path} cannot be used as a folder (${code}): choose another with TIEOUT_DATA_DIR.`,
        zh: `${path} 不能用作目录（${code}）：请用 TIEOUT_DATA_DIR 另选目录。`,
      };
    case 'ENOSPC':
      return {
        en: `The disk of ${path} is full: make room, or choose another folder with TIEOUT_DATA_DIR.`,
        zh: `${path} 所在磁盘已满：请清理空间，或用 TIEOUT_DATA_DIR 另选目录。`,
      };
    default:
      return null;
  }
}

/** A port that cannot be listened on. */
export function portWords(code: string, port: string): Words {
  return code === 'EADDRINUSE'
    ? {
        en: `Port ${port} is in use by another program: end that one, or choose another port with TIEOUT_PORT.`,
        zh: `端口 ${port} 已被其他程序占用：请结束该程序，或用 TIEOUT_PORT 另选端口。`,
      }
    : {
        en: `Port ${port} is not allowed for this user: choose one above 1023 with TIEOUT_PORT.`,
        zh: `当前用户无权使用端口 ${port}：请用 TIEOUT_PORT 另选 1023 以上的端口。`,
      };
}
