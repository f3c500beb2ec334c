/** 16-bit floats (IEEE 754 binary16), which older runtimes have no word for. */

const view = new DataView(new ArrayBuffer(4));

/** The bits of `value` as a 16-bit float, or −1 if no such float equals it. NaN has the bits 7e00. */
export function toHalf(value: number): number {
  if (value !== value) return 0x7e00;
  if (Math.fround(value) !== value) return -1;
  view.setFloat32(0, value);
  const bits = view.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 127;
  const fraction = bits & 0x7fffff;
  if ((bits & 0x7fffffff) === 0) return sign;
  if (exponent === 128) return sign | 0x7c00;
  if (exponent >= -14 && exponent <= 15) {
    return (fraction & 0x1fff) === 0 ? sign | ((exponent + 15) << 10) | (fraction >>> 13) : -1;
  }
  if (exponent < -24 || exponent > 15) return -1;
  // Below 2^-14 a half has no implied leading bit: write it out and shift it into place.
  const explicit = fraction | 0x800000;
  const shift = -1 - exponent;
  return (explicit & ((1 << shift) - 1)) === 0 ? sign | (explicit >>> shift) : -1;
}

/** The number that the 16 bits stand for. */
export function fromHalf(bits: number): number {
  const magnitude = bits & 0x7fff;
  // Between the smallest normal half and infinity only the exponent's offset and the length of the fraction differ from 32 bits.
  if (magnitude >= 0x400 && magnitude < 0x7c00) {
    view.setUint32(0, ((bits & 0x8000) << 16) | ((magnitude << 13) + 0x38000000));
    return view.getFloat32(0);
  }
  const sign = bits & 0x8000 ? -1 : 1;
  if (magnitude < 0x400) return sign * magnitude * 2 ** -24;
  return magnitude === 0x7c00 ? sign * Infinity : NaN;
}
