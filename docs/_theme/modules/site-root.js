/** Root of the built site, found from where this module lies: <root>/assets/<hash>/main.js. */
export const siteRoot = new URL("../../", import.meta.url);
