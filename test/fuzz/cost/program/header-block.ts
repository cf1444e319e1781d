import { inserted } from '../../../fixtures/http2/table-fields.js';
import type { Field } from './step.js';

const MOST_TIMES = 65_536;

/** HPACK of fields, whatever they are. */
export function headerBlock(fields: readonly Field[]): Buffer {
  return Buffer.concat(fields.map(fieldBytes));
}

function fieldBytes(field: Field): Buffer {
  switch (field.form) {
    case 'index': {
      const one = integer(0x80, 7, field.index);
      return Buffer.alloc(one.length * Math.min(field.times, MOST_TIMES), one);
    }
    case 'size':
      return integer(0x20, 5, field.size);
    case 'raw':
      return Buffer.from(field.hex, 'hex');
    default: {
      const value = field.value.repeat(Math.min(field.fill ?? 1, MOST_TIMES)).slice(0, MOST_TIMES);
      const bytes = inserted(field.name, value);
      if (field.form === 'literal') bytes[0] = 0;
      return bytes;
    }
  }
}

/** An integer of HPACK whose first byte has `bits` bits of it (RFC 7541, 5.1). */
function integer(first: number, bits: number, value: number): Buffer {
  const most = (1 << bits) - 1;
  if (value < most) return Buffer.of(first | value);
  const bytes = [first | most];
  let rest = value - most;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
