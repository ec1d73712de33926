// The engine's memory as the build left it: Python started, the engine imported, the dataset read, every command run once.
// Only the blocks that differ from a freshly instantiated Pyodide are kept. They lie in a WebAssembly file, in a custom
// section of its own, since hosts compress that type on the way and a type they do not know they would not.
//
// Pyodide can make and restore memory snapshots, but only whole ones and by names that are not public API: its version is
// pinned, the build id is compared, the build asks the restored engine, and whoever restores must be ready to go without.

const BLOCK = 64; // bytes
const NAME = "heap";
const FILE_START = [0, 97, 115, 109, 1, 0, 0, 0]; // "\0asm", version 1
const CUSTOM_SECTION = 0;
const LENGTH_BYTES = 5; // a section's length may be padded to this
const HEAD_AT = FILE_START.length + 1 + LENGTH_BYTES + 1 + NAME.length;

/** @typedef {{ build: string, state: unknown, runs: number[] }} Head `runs`: blocks to skip, blocks to copy, … */

/**
 * @param {string} build Pyodide's build id
 * @param {unknown} state what Pyodide's JavaScript side remembers
 * @param {Uint8Array} heap
 * @param {Uint8Array} fresh the heap of an instance that has not run yet
 */
export function packHeap(build, state, heap, fresh) {
  /** @type {number[]} */
  const runs = [];
  /** @type {Uint8Array[]} */
  const parts = [];
  for (let block = 0, done = 0; block < heap.length; ) {
    const start = block;
    while (block < heap.length && differs(heap, fresh, block)) block += BLOCK;
    if (block > start) {
      runs.push((start - done) / BLOCK, (block - start) / BLOCK);
      parts.push(heap.subarray(start, block));
      done = block;
    } else block += BLOCK;
  }
  const head = new TextEncoder().encode(JSON.stringify({ build, state, runs }));
  const headLength = new Uint8Array(4);
  new DataView(headLength.buffer).setUint32(0, head.length, true);
  const content = [Uint8Array.of(NAME.length), new TextEncoder().encode(NAME), headLength, head, ...parts];
  let length = content.reduce((sum, part) => sum + part.length, 0);
  const section = [CUSTOM_SECTION];
  for (let i = 0; i < LENGTH_BYTES; i++, length = Math.floor(length / 128)) section.push((length % 128) | (i < LENGTH_BYTES - 1 ? 128 : 0));
  return joined([Uint8Array.from([...FILE_START, ...section]), ...content]);
}

/** @param {Uint8Array} heap @param {Uint8Array} fresh @param {number} at */
function differs(heap, fresh, at) {
  for (let i = at; i < at + BLOCK; i++) if (heap[i] !== fresh[i]) return true;
  return false;
}

/** @param {Uint8Array[]} parts */
function joined(parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/**
 * Options for `loadPyodide` that start from this memory.
 * @param {Promise<Uint8Array>} file what packHeap made; Pyodide is compiled while it arrives
 * @param {(settings: any) => Promise<any>} create the factory of pyodide.asm.mjs
 */
export function heapOptions(file, create) {
  return {
    _loadSnapshot: new Uint8Array(), // ours is no whole one, see restoreSnapshot
    /** @param {any} settings */
    createPyodideModule: async (settings) => {
      delete settings.INITIAL_MEMORY; // the length of a whole snapshot
      const module = await create(settings);
      const { head, blocks } = unpack(await file);
      module.API.restoreSnapshot = () => {
        if (head.build !== module.API.config.BUILD_ID) throw new Error("the memory is of another build of Pyodide");
        restore(head.runs, blocks, new Uint8Array(module.HEAP8.buffer));
        return head.state;
      };
      return module;
    },
  };
}

/** @param {Uint8Array} file @returns {{ head: Head, blocks: Uint8Array }} */
function unpack(file) {
  const headStart = HEAD_AT + 4;
  const blocksAt = headStart + new DataView(file.buffer, file.byteOffset).getUint32(HEAD_AT, true);
  return { head: JSON.parse(new TextDecoder().decode(file.subarray(headStart, blocksAt))), blocks: file.subarray(blocksAt) };
}

/** @param {number[]} runs @param {Uint8Array} blocks @param {Uint8Array} heap */
function restore(runs, blocks, heap) {
  let from = 0, to = 0;
  for (let i = 0; i < runs.length; i += 2) {
    to += runs[i] * BLOCK;
    const length = runs[i + 1] * BLOCK;
    heap.set(blocks.subarray(from, from + length), to);
    from += length;
    to += length;
  }
  if (from !== blocks.length) throw new Error("the memory is cut short");
}
