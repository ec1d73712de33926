// A hash as it is written: in hexadecimal digits.

/**
 * @param {"SHA-256" | "SHA-1"} algorithm
 * @param {Uint8Array<ArrayBuffer>} bytes
 */
export async function hexDigest(algorithm, bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest(algorithm, bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
