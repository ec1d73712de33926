// What the page's address says behind its #: a view of its elements (#?name=value&…), or the id of a place in the page.

/** Empty where the address names a place. */
export const viewOf = () => new URLSearchParams(location.hash.startsWith("#?") ? location.hash.slice(2) : "");

/** Empty where the address holds a view. */
export function placeOf() {
  const place = location.hash.startsWith("#?") ? "" : location.hash.slice(1);
  try {
    return decodeURIComponent(place);
  } catch {
    return place; // a lone percent sign
  }
}
