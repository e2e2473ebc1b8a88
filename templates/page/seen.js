"use strict";
(() => {
  // A scanner may run scripts; it does not look at a page for two seconds and then touch it.
  const form = document.querySelector("form");
  const isVisible = () => document.visibilityState === "visible";
  let looked = 0, since = isVisible() ? performance.now() : null, isSent = false;
  document.addEventListener("visibilitychange", () => {
    if (isVisible()) since ??= performance.now();
    else if (since !== null) { looked += performance.now() - since; since = null; }
  });
  const touched = (event) => {
    const time = looked + (since === null ? 0 : performance.now() - since);
    if (isSent || !event.isTrusted || 2000 > time) return;
    isSent = true;
    const body = new URLSearchParams(new FormData(form));
    fetch(form.action, { method: "POST", body, redirect: "manual", keepalive: true }).catch(() => { isSent = false; });
  };
  for (const kind of ["pointerdown", "pointermove", "keydown", "touchstart"]) addEventListener(kind, touched, { passive: true });
})();
