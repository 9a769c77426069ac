/** Zip archives byte by byte, so that a test can make the ones that no honest program writes. */
import { crc32, deflateRawSync } from 'node:zlib';

export type ZipPart = {
  readonly name: string | Buffer;
  readonly content: Buffer;
  readonly isStored?: boolean;
  /** Bit 0 says encrypted, bit 11 that the name is UTF-8. */
  readonly flags?: number;
  readonly method?: number;
  readonly crc?: number;
  /** What the directory says the content comes to. */
  readonly claimedBytes?: number;
  /** Unix mode; 0o120777 is a link. */
  readonly mode?: number;
};

/** An archive with these parts. */
export function zipBytes(parts: readonly ZipPart[], claimedEntries = parts.length): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const part of parts) {
    const name = Buffer.isBuffer(part.name) ? part.name : Buffer.from(part.name);
    const method = part.method ?? (part.isStored === true ? 0 : 8);
    const data = part.isStored === true ? part.content : deflateRawSync(part.content);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(part.flags ?? 0, 2);
    shared.writeUInt16LE(method, 4);
    shared.writeUInt32LE(part.crc ?? crc32(part.content), 10);
    shared.writeUInt32LE(data.length, 14);
    shared.writeUInt32LE(part.claimedBytes ?? part.content.length, 18);
    shared.writeUInt16LE(name.length, 22);
    const body = Buffer.concat([Buffer.from('PK\x03\x04'), shared, name, data]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(((part.mode ?? 0o100644) << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03'), shared, tail, name]));
    bodies.push(body);
    offset += body.length;
  }
  const list = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(claimedEntries, 8);
  end.writeUInt16LE(claimedEntries, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, list, end]);
}
