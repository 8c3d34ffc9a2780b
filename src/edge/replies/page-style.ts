/** How the edge's own pages look: their style sheet, and the door that is their mark. */

export const STYLE = `
:root{color-scheme:light dark;--ground:#f6f5f1;--card:#fff;--ink:#1d1f24;--soft:#5b606b;--line:#dddad2;--accent:#1f5f4a;--on-accent:#fff}
@media (prefers-color-scheme:dark){:root{--ground:#14161a;--card:#1d2026;--ink:#eceef2;--soft:#a2a8b4;--line:#343943;--accent:#7fd1b0;--on-accent:#0d1f18}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--ground);color:var(--ink);font:1rem/1.55 system-ui,sans-serif}
main{width:100%;max-width:34rem;padding:2rem;background:var(--card);border:1px solid var(--line);border-radius:14px}
.brand{display:flex;align-items:center;gap:.5rem;margin:0 0 1.25rem;color:var(--soft);font-size:.85rem;font-weight:600;letter-spacing:.04em}
.brand svg{color:var(--accent)}
h1{margin:0 0 .75rem;font-size:1.5rem;line-height:1.25}
p{margin:0 0 1rem;overflow-wrap:anywhere}
.acts{display:flex;flex-wrap:wrap;gap:.75rem;margin:1.5rem 0 .5rem}
.act{display:inline-block;padding:.6rem 1.1rem;border:1px solid var(--line);border-radius:9px;background:none;color:var(--ink);font:inherit;font-weight:600;text-decoration:none;cursor:pointer}
.question{width:100%}
.question label{display:block;margin-bottom:1rem;color:var(--soft);font-size:.9rem}
.question input{display:block;width:100%;margin-top:.35rem;padding:.6rem .75rem;border:1px solid var(--line);border-radius:9px;background:var(--ground);color:var(--ink);font:inherit;font-size:1rem}
.answers{display:flex;flex-wrap:wrap;gap:.75rem}
.act.main{border-color:var(--accent);background:var(--accent);color:var(--on-accent)}
.act:focus-visible,a:focus-visible,input:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
h2{margin:1.75rem 0 .5rem;font-size:1rem}
.rows li{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:.6rem 1rem;padding:.75rem .25rem}
.rows li>div{flex:1 1 12rem;font-weight:600;overflow-wrap:anywhere}
.rows .question{width:auto}
.rows .act{padding:.4rem .8rem;font-size:.9rem}
ul{margin:0 0 1rem;padding:0;list-style:none}
li{border-top:1px solid var(--line)}
li a{display:block;padding:.9rem .25rem;color:var(--accent);font-weight:600;font-size:1.1rem;text-decoration:none;overflow-wrap:anywhere}
li a:hover{background:var(--ground)}
[id]{scroll-margin-top:1rem}
.more a{color:var(--accent);font-weight:600}
li span{display:block;color:var(--soft);font-size:.9rem;font-weight:400}
.news{position:fixed;right:1rem;bottom:1rem;left:1rem;display:flex;gap:1rem;align-items:center;justify-content:center;pointer-events:none}
.news p{margin:0}
.news:has(button:not([hidden])) p,.news .act{padding:.4rem .8rem;border:1px solid var(--accent);border-radius:9px;background:var(--card)}
.news .act{pointer-events:auto}
.news .act[hidden]{display:none}
.news.shown p{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:1.5rem 0 0;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);font-size:.85rem}
dt{font-weight:600}
dd{margin:0;overflow-wrap:anywhere}
@media (max-width:30rem){dl{grid-template-columns:1fr;gap:0}dd{margin:0 0 .4rem}}
`;

// The door in the browser's tab. In the page itself: a request for it would be the app's on a tunnel's host.
export const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 18 18"><rect width="18" height="18" rx="4" fill="#1f5f4a"/><path d="M5 15V8.5a4 4 0 0 1 8 0V15z" fill="#fff"/><circle cx="11" cy="11" r=".9" fill="#1f5f4a"/></svg>',
).replaceAll("'", '%27')}`;

export const DOOR =
  '<svg width="18" height="18" viewBox="0 0 18 18" fill="none" stroke="currentColor" stroke-width="1.6" aria-hidden="true">' +
  '<path d="M3.5 16.5V8a5.5 5.5 0 0 1 11 0v8.5zM1.5 16.5h15"/><circle cx="11.4" cy="10.5" r=".9" fill="currentColor" stroke="none"/></svg>';
