// Turns the packed weights of the demo model into float32, one tensor at a time, when the runtime asks for it.
// ONNX Runtime copies each external file into its own memory while it creates the session. A LazyTensor stands in
// for such a file and holds no bytes, so only one expanded tensor exists in JavaScript at any moment.

/**
 * @typedef {[file: string, offset: number, length: number]} Place
 * @typedef {{ name: string, kind: "q4_1" | "q8_0", shape: [rows: number, columns: number], q: Place, d: Place, c?: Place }} PackedTensor
 * @typedef {Map<string, Uint8Array>} Files
 */

const BLOCK = 32;

/** Value of every 16-bit float, by its bits. */
const HALF = Float32Array.from({ length: 65536 }, (_, bits) => {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
});

/**
 * @param {Files} files
 * @param {Place} place
 */
function bytesAt(files, [file, offset, length]) {
  const bytes = files.get(file);
  if (!bytes || offset + length > bytes.length) throw new RangeError(`${file} has no ${length} bytes at ${offset}`);
  return bytes.subarray(offset, offset + length);
}

/**
 * @param {Files} files
 * @param {Place} place
 */
function halvesAt(files, place) {
  const bytes = bytesAt(files, place);
  return new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2);
}

/**
 * @param {PackedTensor} tensor
 * @param {Files} files the packed weight files by name
 * @returns {Float32Array<ArrayBuffer>} rows x columns
 */
export function expandTensor(tensor, files) {
  const q = bytesAt(files, tensor.q);
  const scales = halvesAt(files, tensor.d);
  const out = new Float32Array(scales.length * BLOCK);
  if (tensor.kind === "q8_0") {
    for (let block = 0, at = 0; block < scales.length; block++) {
      const scale = HALF[scales[block]];
      for (const end = at + BLOCK; at < end; at++) out[at] = scale * (q[at] - 128);
    }
  } else if (tensor.kind === "q4_1" && tensor.c) {
    const centers = halvesAt(files, tensor.c);
    for (let block = 0, from = 0, to = 0; block < scales.length; block++) {
      const scale = HALF[scales[block]];
      const zero = HALF[centers[block]] - 8 * scale;
      for (const end = from + BLOCK / 2; from < end; from++) {
        out[to++] = scale * (q[from] & 15) + zero;
        out[to++] = scale * (q[from] >> 4) + zero;
      }
    }
  } else {
    throw new TypeError(`unknown kind of packed tensor: ${tensor.kind}`);
  }
  return out;
}

/** A file of one expanded tensor as ONNX Runtime reads it: by `byteLength` and `subarray`. */
export class LazyTensor extends Uint8Array {
  /** @type {unknown} Why it could not be expanded: the runtime hides that behind a message of its own. */
  failure;
  #tensor;
  #files;
  #length;

  /**
   * @param {PackedTensor} tensor
   * @param {Files} files emptied by the caller once the session exists
   */
  constructor(tensor, files) {
    super(0);
    this.#tensor = tensor;
    this.#files = files;
    this.#length = tensor.shape[0] * tensor.shape[1] * Float32Array.BYTES_PER_ELEMENT;
  }

  /** @override */
  get byteLength() {
    return this.#length;
  }

  /**
   * @override
   * @param {number} [start]
   * @param {number} [end]
   */
  subarray(start = 0, end = this.#length) {
    try {
      return new Uint8Array(expandTensor(this.#tensor, this.#files).buffer, start, end - start);
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}
