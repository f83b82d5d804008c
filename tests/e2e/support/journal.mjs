// The journal as docs/decision-log-format.md says it is, read without any code of ours: what an auditor would write.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; ++bit) n = n & 1 ? (n >>> 1) ^ 0x82f63b78 : n >>> 1;
  return n >>> 0;
});
export function crc32c(...parts) {
  let crc = 0xffffffff;
  for (const part of parts) for (const byte of part) crc = (crc >>> 8) ^ table[(crc ^ byte) & 255];
  return (crc ^ 0xffffffff) >>> 0;
}

// RFC 8785, for what stands in records: JSON.stringify writes strings and numbers as it wants them.
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
}

// The texts of all durable records, in order; every checksum, number and form on the way is checked.
export function readJournal(folder) {
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
  const mark = readFileSync(join(folder, 'DURABLE'));
  const durable = Number(mark.readBigUInt64BE(0));
  assert.equal(mark.readBigUInt64BE(8), ~mark.readBigUInt64BE(0) & 0xffffffffffffffffn);
  const records = [];
  const segments = readdirSync(folder).filter((name) => name.endsWith('.seg')).sort();
  for (const name of segments) {
    const bytes = readFileSync(join(folder, name));
    const header = bytes.subarray(0, 32);
    assert.equal(header.toString('latin1', 0, 8), 'PRTRVSEG');
    assert.deepEqual([header.readUInt32BE(8), header.readUInt32BE(12), header.readUInt32BE(24)], [1, 0, 0]);
    assert.equal(header.readUInt32BE(28), crc32c(header.subarray(0, 28)));
    assert.equal(Number(header.readBigUInt64BE(16)), records.length, `${name} begins where the one before ends`);
    assert.equal(name, `${String(records.length).padStart(20, '0')}.seg`);
    const base = records.length;
    for (let at = 32; at < bytes.length;) {
      const length = bytes.readUInt32BE(at);
      if (length === 0xffffffff) {
        const count = bytes.subarray(at + 8, at + 16);
        assert.equal(bytes.readUInt32BE(at + 4), crc32c(bytes.subarray(at, at + 4), count));
        assert.equal(Number(count.readBigUInt64BE()), records.length - base);
        assert.equal(at + 16, bytes.length);
        assert.notEqual(name, segments.at(-1));
        break;
      }
      const payload = bytes.subarray(at + 8, at + 8 + length);
      assert.equal(bytes.readUInt32BE(at + 4), crc32c(bytes.subarray(at, at + 4), payload), `${name} at ${at}`);
      const text = payload.toString();
      assert.equal(text, canonical(JSON.parse(text)), 'canonical bytes');
      records.push(text);
      at += 8 + length;
    }
  }
  assert.ok(durable <= records.length, `${durable} of ${records.length} records are durable`);
  return records;
}

// A journal of these records, in one segment, that a PDP goes on writing.
export function writeJournal(folder, records) {
  const number = (bytes, value) => { const out = Buffer.alloc(bytes); out.writeUIntBE(value, Math.max(0, bytes - 6), Math.min(6, bytes)); return out; };
  const header = Buffer.concat([Buffer.from('PRTRVSEG'), number(4, 1), number(4, 0), number(8, 0), number(4, 0)]);
  const frames = records.map((text) => {
    const payload = Buffer.from(text);
    const length = number(4, payload.length);
    return Buffer.concat([length, number(4, crc32c(length, payload)), payload]);
  });
  writeFileSync(join(folder, `${'0'.repeat(20)}.seg`), Buffer.concat([header, number(4, crc32c(header)), ...frames]));
  const durable = Buffer.alloc(16);
  durable.writeBigUInt64BE(BigInt(records.length), 0);
  durable.writeBigUInt64BE(~BigInt(records.length) & 0xffffffffffffffffn, 8);
  writeFileSync(join(folder, 'DURABLE'), durable);
}
