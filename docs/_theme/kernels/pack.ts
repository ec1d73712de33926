// Weights as they come in the files, by rows, into tiles (matmul.ts). Scales and centers are 16-bit floats.
import { BLOCK, TILE, TILE_BYTES_4, TILE_BYTES_8 } from "./layout";

/** Nibbles [rows, blocks, 16], scales and minima [rows, blocks] to 4-bit tiles. A row's 32 bits are a lane's. */
export function pack4(rows: i32, columns: i32, q: usize, d: usize, m: usize, to: usize): void {
  const blocks = columns / BLOCK;
  for (let row = 0; row < rows; row += TILE) {
    for (let block = 0; block < blocks; block++, to += TILE_BYTES_4) {
      for (let lane = 0; lane < TILE; lane++) {
        const index = usize((row + lane) * blocks + block);
        const into = to + (lane / 4) * 64 + (lane % 4) * 4;
        for (let i: usize = 0; i < 4; i++) store<u32>(into + i * 16, load<u32>(q + index * 16 + i * 4));
        store<u16>(to + lane * 2, load<u16>(d + index * 2), 128);
        store<u16>(to + lane * 2, load<u16>(m + index * 2), 144);
      }
    }
  }
}

/** Bytes q + 128 [rows, blocks, 32], scales [rows, blocks] to 8-bit tiles, columns in the activations' order. */
export function pack8(rows: i32, columns: i32, q: usize, d: usize, to: usize): void {
  const blocks = columns / BLOCK;
  const order = i8x16(0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
  for (let row = 0; row < rows; row += TILE) {
    for (let block = 0; block < blocks; block++, to += TILE_BYTES_8) {
      for (let lane = 0; lane < TILE; lane++) {
        const index = usize((row + lane) * blocks + block);
        const into = to + (lane / 4) * 128 + (lane % 4) * 4;
        for (let i: usize = 0; i < 2; i++) {
          const signed = v128.xor(v128.load(q + index * 32 + i * 16), i8x16.splat(-128));
          const four = i8x16.swizzle(signed, order);
          v128.store_lane<u32>(into + i * 64, four, 0);
          v128.store_lane<u32>(into + i * 64, four, 1, 16);
          v128.store_lane<u32>(into + i * 64, four, 2, 32);
          v128.store_lane<u32>(into + i * 64, four, 3, 48);
        }
        store<u16>(to + lane * 2, load<u16>(d + index * 2), 256);
      }
    }
  }
}
