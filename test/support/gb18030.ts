/** GB18030 bytes of a text, which Node can read but not write. Characters of two bytes and ASCII, as statements have them. */

let table: Uint16Array | null = null;

/** The two-byte codes by character, read out of the decoder once. */
function codes(): Uint16Array {
  if (table !== null) return table;
  const made = new Uint16Array(0x10000);
  const decoder = new TextDecoder('gb18030');
  for (let first = 0x81; first <= 0xfe; first += 1) {
    for (let second = 0x40; second <= 0xfe; second += 1) {
      const text = decoder.decode(Uint8Array.of(first, second));
      // The first code of a character is the usual one.
      if (text.length === 1 && text !== '\ufffd') made[text.charCodeAt(0)] ||= first * 256 + second;
    }
  }
  table = made;
  return made;
}

/** Throws for a character that has no code of two bytes. */
export function gb18030(text: string): Buffer {
  const known = codes();
  const bytes = Buffer.allocUnsafe(text.length * 2);
  let at = 0;
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) {
      bytes[at] = unit;
      at += 1;
      continue;
    }
    const code = known[unit] ?? 0;
    if (code === 0) throw new Error(`${text[index]} has no code of two bytes`);
    bytes[at] = code >> 8;
    bytes[at + 1] = code & 0xff;
    at += 2;
  }
  return bytes.subarray(0, at);
}
