/** Makes small archives for tests. */
import { Buffer } from "node:buffer";
import { crc32, deflateRawSync } from "node:zlib";

export interface ZipOptions {
  method?: "stored" | "deflate";
  zip64?: boolean;
  comment?: string;
  /** In place of what the first member's content would give. */
  raw?: { data: Uint8Array; size: number; crc32: number };
}

export function makeZip(
  files: Record<string, string | Uint8Array>,
  { method = "deflate", zip64 = false, comment = "", raw }: ZipOptions = {},
): Uint8Array<ArrayBuffer> {
  const members: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content as string);
    const plain = {
      data: method === "stored" ? bytes : deflateRawSync(bytes),
      size: bytes.length,
      crc32: crc32(bytes),
    };
    const { data, size, crc32: sum } = directory.length === 0 && raw ? raw : plain;
    const fixed = Buffer.alloc(26);
    fixed.writeUInt16LE(method === "stored" ? 0 : 8, 4);
    fixed.writeUInt32LE(sum, 10);
    fixed.writeUInt32LE(data.length, 14);
    fixed.writeUInt32LE(size, 18);
    fixed.writeUInt16LE(Buffer.byteLength(name), 22);
    members.push(signed(0x04034b50, fixed), Buffer.from(name), Buffer.from(data));
    directory.push(directoryEntry(fixed, name, offset, zip64 ? [size, data.length, offset] : undefined));
    offset += 30 + Buffer.byteLength(name) + data.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(listing.length, 8);
  end.writeUInt32LE(zip64 ? 0xffffffff : offset, 12);
  end.writeUInt16LE(comment.length, 16);
  const wide = zip64 ? zip64End(offset, listing.length, directory.length) : Buffer.alloc(0);
  return new Uint8Array(
    Buffer.concat([...members, listing, wide, signed(0x06054b50, end), Buffer.from(comment, "latin1")]),
  );
}

function directoryEntry(fixed: Buffer, name: string, offset: number, wide?: number[]): Buffer {
  const rest = Buffer.alloc(14);
  const extra = Buffer.alloc(wide ? 28 : 0);
  const head = Buffer.concat([Buffer.alloc(2), fixed]);
  if (wide) {
    extra.writeUInt16LE(1, 0);
    extra.writeUInt16LE(24, 2);
    wide.forEach((value, i) => extra.writeBigUInt64LE(BigInt(value), 4 + i * 8));
    head.writeUInt32LE(0xffffffff, 16);
    head.writeUInt32LE(0xffffffff, 20);
    head.writeUInt16LE(28, 26);
  }
  rest.writeUInt32LE(wide ? 0xffffffff : offset, 10);
  return signed(0x02014b50, Buffer.concat([head, rest, Buffer.from(name), extra]));
}

function zip64End(offset: number, size: number, count: number): Buffer {
  const record = Buffer.alloc(52);
  record.writeBigUInt64LE(44n, 0);
  record.writeBigUInt64LE(BigInt(count), 28);
  record.writeBigUInt64LE(BigInt(size), 36);
  record.writeBigUInt64LE(BigInt(offset), 44);
  const locator = Buffer.alloc(16);
  locator.writeBigUInt64LE(BigInt(offset + size), 4);
  return Buffer.concat([signed(0x06064b50, record), signed(0x07064b50, locator)]);
}

function signed(signature: number, bytes: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32LE(signature);
  return Buffer.concat([head, bytes]);
}

export interface TarMember {
  name: string;
  content?: string;
  flag?: string;
  linkName?: string;
}

/** A ustar archive, uncompressed. */
export function makeTar(members: TarMember[]): Uint8Array<ArrayBuffer> {
  const blocks = members.flatMap(({ name, content = "", flag = "0", linkName = "" }) => {
    const header = Buffer.alloc(512);
    header.write(name, 0, 100);
    header.write("0000644\0", 100);
    header.write(`${Buffer.byteLength(content).toString(8).padStart(11, "0")}\0`, 124);
    header.write("        ", 148);
    header.write(flag, 156);
    header.write(linkName, 157);
    header.write("ustar\x0000", 257);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512);
    body.write(content);
    return [header, body];
  });
  return new Uint8Array(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}
