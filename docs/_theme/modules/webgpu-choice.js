// Whether a graphics adapter can run the model, and how.

import { DemoError } from "./demo-error.js";

/** What ONNX Runtime's kernels bind and share at most, besides the largest tensor. */
const NEEDED = { maxStorageBuffersPerShaderStage: 8, maxComputeInvocationsPerWorkgroup: 256, maxComputeWorkgroupStorageSize: 16_384 };
/** Limits and features that make its kernels faster where the adapter has more than the least. */
const TAKEN = /** @type {const} */ ([
  "maxBufferSize", "maxStorageBufferBindingSize", "maxStorageBuffersPerShaderStage", "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupStorageSize", "maxComputeWorkgroupSizeX", "maxComputeWorkgroupSizeY", "maxComputeWorkgroupSizeZ",
  "maxComputeWorkgroupsPerDimension",
]);

/**
 * @param {{ features: ReadonlySet<string>, limits: Record<string, number> }} adapter
 * @param {number} largestBytes of a tensor
 * @returns {{ precision: "fp16" | "fp32", requiredFeatures: GPUFeatureName[], requiredLimits: Record<string, number> }}
 * @throws {DemoError} webgpu_limit {limit, need, found}
 */
export function chooseWebGpu({ features, limits }, largestBytes) {
  const needed = { maxBufferSize: largestBytes, maxStorageBufferBindingSize: largestBytes, ...NEEDED };
  for (const [limit, need] of Object.entries(needed)) {
    if (!(limits[limit] >= need)) throw new DemoError("webgpu_limit", { limit, need, found: limits[limit] ?? 0 });
  }
  const wanted = /** @type {GPUFeatureName[]} */ (["shader-f16", "subgroups"]);
  return {
    precision: features.has("shader-f16") ? "fp16" : "fp32",
    requiredFeatures: wanted.filter((feature) => features.has(feature)),
    requiredLimits: Object.fromEntries(TAKEN.map((limit) => [limit, limits[limit]])),
  };
}
