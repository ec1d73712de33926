// The probe on a graphics processor: WebGPU compute, 32-bit floats.
import { repeat } from "./probe-sum.js";

const BUFFER = 256 * 2 ** 20; // less where the adapter allows less
const GROUPS = 2048, THREADS = 256;
const LEAST_MS = 20; // a submission has a fixed cost of its own
const SIDES = [2048, 1024, 512, 256];

const READ = /* wgsl */ `
@group(0) @binding(0) var<storage, read> data: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> sums: array<vec4<u32>>;
@compute @workgroup_size(${THREADS})
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let all = groups.x * ${THREADS}u;
  var sum = vec4<u32>(0u);
  for (var i = id.x; i < arrayLength(&data); i += all) { sum += data[i]; }
  sums[id.x] = sum;
}`;
// Tiles of 64 x 64 in the group's own memory, 4 x 4 results a thread.
const MULTIPLY = /* wgsl */ `
override n: u32;
@group(0) @binding(0) var<storage, read> ab: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> c: array<vec4<f32>>;
var<workgroup> left: array<array<vec4<f32>, 16>, 16>;
var<workgroup> right: array<array<vec4<f32>, 16>, 16>;
@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) at: vec3<u32>) {
  let width = n / 4u;
  var r0 = vec4<f32>(0.0); var r1 = r0; var r2 = r0; var r3 = r0;
  for (var k = 0u; k < n; k += 16u) {
    left[at.y][at.x] = ab[(k + at.y) * width + group.y * 16u + at.x];
    right[at.y][at.x] = ab[n * width + (k + at.y) * width + group.x * 16u + at.x];
    workgroupBarrier();
    for (var i = 0u; i < 16u; i++) {
      let a = left[i][at.y]; let b = right[i][at.x];
      r0 += a.x * b; r1 += a.y * b; r2 += a.z * b; r3 += a.w * b;
    }
    workgroupBarrier();
  }
  let row = (group.y * 64u + at.y * 4u) * width + group.x * 16u + at.x;
  c[row] = r0; c[row + width] = r1; c[row + 2u * width] = r2; c[row + 3u * width] = r3;
}`;

/** @param {GPUAdapter} adapter @param {number} ms @param {(share: number) => void} onProgress @returns {Promise<import("./probe-wasm.js").Measured>} */
export async function probeWebGpu(adapter, ms, onProgress) {
  const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits;
  const bytes = Math.min(BUFFER, maxStorageBufferBindingSize, maxBufferSize) & ~255;
  const device = await adapter.requestDevice({ requiredLimits: { maxStorageBufferBindingSize: bytes, maxBufferSize: bytes } });
  try {
    const data = device.createBuffer({ size: bytes, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
    const part = new Uint32Array(2 ** 20).fill(0x3f000000); // 0.5 as a float
    for (let at = 0; at < bytes; at += part.byteLength) device.queue.writeBuffer(data, at, part, 0, Math.min(part.length, (bytes - at) / 4));
    const sums = device.createBuffer({ size: Math.max(GROUPS * THREADS * 16, SIDES[0] ** 2 * 4), usage: GPUBufferUsage.STORAGE });
    const reading = work(device, READ, {}, [data, sums], GROUPS, 1);
    const bandwidth = await repeat(await timed(bytes, reading), ms / 2, (share) => onProgress(share / 2));
    const multiplying = await largest(device, [data, sums], bytes);
    const compute = await repeat(await timed(multiplying.operations, multiplying.run), ms / 2, (share) => onProgress(0.5 + share / 2));
    return { bandwidth, compute, buffer_bytes: bytes };
  } finally {
    device.destroy();
  }
}

/** The largest product of the list that does not take longer than a run should: a small one leaves a large processor idle.
 * @param {GPUDevice} device @param {GPUBuffer[]} buffers @param {number} bytes */
async function largest(device, buffers, bytes) {
  let found;
  for (const n of [...SIDES].reverse()) {
    if (2 * n * n * 4 > bytes) break;
    const run = work(device, MULTIPLY, { n }, buffers, n / 64, n / 64);
    found = { operations: 2 * n ** 3, run };
    await run(1);
    const started = performance.now();
    await run(1);
    if (performance.now() - started > LEAST_MS) break;
  }
  if (!found) throw new RangeError("no memory");
  return found;
}

/** @param {GPUDevice} device @param {string} code @param {Record<string, number>} constants @param {GPUBuffer[]} buffers @param {number} x @param {number} y */
function work(device, code, constants, buffers, x, y) {
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module: device.createShaderModule({ code }), constants } });
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }));
  const group = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries });
  return async (/** @type {number} */ times) => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(x, y);
    pass.end();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
  };
}

/** A run of so many goes that the clock can time it. @param {number} units of one go @param {(times: number) => Promise<void>} run */
async function timed(units, run) {
  let times = 1;
  for (;;) {
    const started = performance.now();
    await run(times);
    if (performance.now() - started >= LEAST_MS) break;
    times *= 2;
  }
  return async () => {
    const started = performance.now();
    await run(times);
    return (units * times * 1000) / (performance.now() - started);
  };
}
