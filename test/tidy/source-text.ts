/** One TypeScript file seen twice: without comments, and without comments and the insides of strings. */
export interface SourceText {
  readonly withoutComments: string;
  readonly withoutStrings: string;
}

const regexMayFollow = /(?:^|[(,=:[!&|?{};+\-*%<>~^\n]|\b(?:return|typeof|case|in|of|await))\s*$/u;

/**
 * Blanks comments, and in the second view the insides of strings, templates and regular expressions too. Lines keep
 * their numbers. TypeScript 7 has no parser to borrow, and this much of the grammar is enough to find imports and names.
 */
export function readSourceText(text: string): SourceText {
  let code = '';
  let bare = '';
  let at = 0;
  // Each entry counts the braces open inside one `${…}` of a template.
  const templates: number[] = [];

  const take = (end: number, kind: 'code' | 'string' | 'comment') => {
    const piece = text.slice(at, end);
    const blank = piece.replace(/[^\n]/gu, ' ');
    code += kind === 'comment' ? blank : piece;
    bare += kind === 'code' ? piece : blank;
    at = end;
  };
  const takeTemplate = (from: number) => {
    let end = from;
    while (end < text.length && text[end] !== '`' && !text.startsWith('${', end)) {
      end += text[end] === '\\' ? 2 : 1;
    }
    take(Math.min(end, text.length), 'string');
    if (text.startsWith('${', at)) {
      templates.push(0);
      take(at + 2, 'code');
    } else {
      take(Math.min(at + 1, text.length), 'code');
    }
  };

  while (at < text.length) {
    const char = text[at] ?? '';
    if (text.startsWith('//', at) || text.startsWith('#!', at)) {
      take(endOf(text, '\n', at), 'comment');
    } else if (text.startsWith('/*', at)) {
      take(Math.min(endOf(text, '*/', at) + 2, text.length), 'comment');
    } else if (char === "'" || char === '"') {
      take(at + 1, 'code');
      take(endOfQuoted(text, char, at), 'string');
      take(Math.min(at + 1, text.length), 'code');
    } else if (char === '`') {
      take(at + 1, 'code');
      takeTemplate(at);
    } else if (char === '/' && regexMayFollow.test(code.slice(-40))) {
      take(endOfRegex(text, at), 'string');
    } else if (char === '}' && templates.at(-1) === 0) {
      templates.pop();
      take(at + 1, 'code');
      takeTemplate(at);
    } else {
      const depth = templates.at(-1);
      if (depth !== undefined && char === '{') templates[templates.length - 1] = depth + 1;
      if (depth !== undefined && char === '}') templates[templates.length - 1] = depth - 1;
      take(at + 1, 'code');
    }
  }
  return { withoutComments: code, withoutStrings: bare };
}

function endOf(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found === -1 ? text.length : found;
}

function endOfQuoted(text: string, quote: string, from: number): number {
  let end = from;
  while (end < text.length && text[end] !== quote && text[end] !== '\n') {
    end += text[end] === '\\' ? 2 : 1;
  }
  return Math.min(end, text.length);
}

function endOfRegex(text: string, from: number): number {
  let end = from + 1;
  let inClass = false;
  while (end < text.length && text[end] !== '\n' && (inClass || text[end] !== '/')) {
    if (text[end] === '[') inClass = true;
    if (text[end] === ']') inClass = false;
    end += text[end] === '\\' ? 2 : 1;
  }
  return Math.min(end + 1, text.length);
}
