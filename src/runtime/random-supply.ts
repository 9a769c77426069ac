/**
 * Random bytes in small pieces. Drawing each from the operating system's generator costs more than
 * all the rest of making an id, so they are drawn by the kilobyte; no byte is handed out twice.
 */
const SUPPLY_BYTES = 4_096;

/** Answers so many bytes that nobody has seen; `draw` fills an array with fresh randomness. */
export function newRandomSupply(draw: (into: Uint8Array) => void): (count: number) => Uint8Array {
  let supply = new Uint8Array(0);
  return (count) => {
    if (supply.length < count) {
      supply = new Uint8Array(Math.max(SUPPLY_BYTES, count));
      draw(supply);
    }
    const taken = supply.subarray(0, count);
    supply = supply.subarray(count);
    return taken;
  };
}
