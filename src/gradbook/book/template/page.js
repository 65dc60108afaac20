"use strict";
// Typesets the mathematics, puts marks beside their lines, and makes the page's few controls work.
(() => {
  const labels = { trust: (c) => c.command === "\\htmlData" || (c.command === "\\htmlClass" && c.class === "wrong-part") };
  const shared = { output: "htmlAndMathml", throwOnError: true, strict: "ignore", maxExpand: 1000, maxSize: 40 };

  function set(span, wanted) {
    const display = "display" in span.dataset;
    const tries = [];
    if (wanted) tries.push([wanted, labels]);
    if (span.dataset.marked) tries.push([span.dataset.marked, labels]);
    tries.push([span.dataset.tex, { trust: false }]);
    for (const [source, more] of tries) {
      try {
        span.innerHTML = katex.renderToString(source, { ...shared, ...more, displayMode: display });
        return;
      } catch (error) {
        // Not a formula that KaTeX knows: its source stays.
      }
    }
    span.classList.add("source");
  }

  // A formula that is too wide is broken, where there is a way to; it is whole again when there is room.
  function fit(span) {
    const box = span.parentElement;
    if (!box.clientWidth) return;
    if (span.wide === undefined) {
      if (box.scrollWidth <= box.clientWidth + 1) return;
      span.wide = box.scrollWidth;
      set(span, span.dataset.narrow);
      span.broken = true;
    } else {
      const broken = span.wide > box.clientWidth + 1;
      if (broken !== span.broken) set(span, broken ? span.dataset.narrow : undefined);
      span.broken = broken;
    }
  }

  // Each mark goes to the height of its line: where the label has come to stand that was put at the line's end.
  const order = ["stated", "proved", "supported", "agrees", "follows", "undecided", "unread", "contradicted", "refuted"];
  const weight = (mark) => order.findIndex((name) => mark.classList.contains(`v-${name}`));
  const phone = matchMedia("(max-width: 40rem)");

  function align(box) {
    const room = document.documentElement.classList.contains("paper") ? 3 : phone.matches ? 1 : 4;
    const margin = box.querySelector(".marks");
    const formula = box.querySelector(".formula");
    if (!margin || !formula || !box.offsetParent) return;
    const top = box.getBoundingClientRect().top;
    const height = formula.getBoundingClientRect().height;
    const marks = [...margin.children];
    const rows = [];
    for (const mark of marks) {
      const label = mark.dataset.line && formula.querySelector(`.katex-html [data-line="${CSS.escape(mark.dataset.line)}"]`);
      if (!label) {
        rows.push([null, mark]);
        continue;
      }
      // A label has no height of its own; its line is as high as what stands beside it.
      const place = label.getBoundingClientRect();
      rows.push([place.top + place.height / 2 - top, mark]);
    }
    const unplaced = rows.filter(([y]) => y === null);
    unplaced.forEach((row, k) => { row[0] = height * (k + 0.5) / unplaced.length; });
    rows.sort((a, b) => a[0] - b[0]);
    const groups = [];
    for (const [y, mark] of rows) {
      const last = groups[groups.length - 1];
      if (last && Math.abs(last.y - y) < 9) last.marks.push(mark);
      else groups.push({ y, marks: [mark] });
    }
    margin.classList.add("placed");
    for (const { y, marks: together } of groups) {
      const middle = groups.length === 1 ? height / 2 : y;
      // Too many for the margin: the one that most needs a look stands for all, with their number.
      const worst = together.reduce((a, b) => (weight(b) > weight(a) ? b : a));
      const folds = together.length > room;
      together.forEach((mark, k) => {
        mark.style.top = `${middle.toFixed(1)}px`;
        mark.style.setProperty("--place", String(folds ? 0 : k));
        mark.classList.toggle("folded", folds && mark !== worst);
        if (folds && mark === worst) mark.dataset.count = String(together.length);
        else delete mark.dataset.count;
      });
    }
  }

  // Only what can be scrolled is a stop of the keyboard.
  function reachable() {
    for (const box of document.querySelectorAll(".formula, .scroll")) {
      if (box.scrollWidth > box.clientWidth + 1) {
        box.tabIndex = 0;
        box.classList.add("overflows");
        if (!box.hasAttribute("aria-label") && !box.hasAttribute("role")) {
          box.setAttribute("role", "region");
          box.setAttribute("aria-label", "Scrollable");
        }
      } else if (box.classList.contains("overflows")) {
        box.removeAttribute("tabindex");
        box.classList.remove("overflows");
      }
    }
  }

  function arrange() {
    document.querySelectorAll(".tex[data-narrow]").forEach(fit);
    document.querySelectorAll(".display").forEach(align);
    reachable();
  }

  function themes() {
    const button = document.querySelector(".theme");
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const root = document.documentElement;
    button.hidden = false;
    const now = () => root.dataset.theme || (dark.matches ? "dark" : "light");
    const tell = () => button.setAttribute("aria-label", `Change to ${now() === "dark" ? "light" : "dark"} colours`);
    button.addEventListener("click", () => {
      root.dataset.theme = now() === "dark" ? "light" : "dark";
      tell();
    });
    dark.addEventListener("change", tell);
    tell();
  }

  function wrongLines() {
    const wrong = [...document.querySelectorAll("[data-wrong]")];
    const button = document.querySelector(".next");
    if (!button || !wrong.length) return;
    const floating = button.cloneNode(true);
    floating.classList.add("floating");
    document.body.append(floating);
    let at = -1;
    const go = () => {
      at = (at + 1) % wrong.length;
      const goal = wrong[at];
      for (let up = goal.parentElement; up; up = up.parentElement) if (up.tagName === "DETAILS") up.open = true;
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      goal.scrollIntoView({ block: "center", behavior: calm ? "auto" : "smooth" });
      if (!goal.hasAttribute("tabindex")) goal.tabIndex = -1;
      goal.focus({ preventScroll: true });
      floating.textContent = `Next wrong line (${at + 1} of ${wrong.length})`;
    };
    for (const one of [button, floating]) {
      one.hidden = false;
      one.addEventListener("click", go);
    }
    if ("IntersectionObserver" in window) {
      new IntersectionObserver(([entry]) => { floating.hidden = entry.isIntersecting; }).observe(button);
    }
  }

  function contents() {
    const details = document.querySelector(".toc details");
    if (!details) return;
    const wide = matchMedia("(min-width: 75rem)");
    const follow = () => { details.open = wide.matches; };
    follow();
    wide.addEventListener("change", follow);
  }

  // On paper nothing can be unfolded or scrolled: everything is open, and what is too wide is set smaller.
  function printing() {
    let opened = [];
    const root = document.documentElement;
    addEventListener("beforeprint", () => {
      opened = [...document.querySelectorAll("main details:not([open]):not(.mistake)")];
      opened.forEach((one) => { one.open = true; });
      root.classList.add("paper");
      arrange();
      for (const box of document.querySelectorAll(".formula, .note-line, .table, .pair > div")) {
        const share = box.clientWidth / box.scrollWidth;
        if (share > 0 && share < 0.999) box.style.fontSize = `${Math.max(share * 0.99, 0.45).toFixed(3)}em`;
      }
      document.querySelectorAll(".display").forEach(align);
    });
    addEventListener("afterprint", () => {
      opened.forEach((one) => { one.open = false; });
      root.classList.remove("paper");
      for (const box of document.querySelectorAll("[style*='font-size']")) {
        if (box.matches(".formula, .note-line, .table, .pair > div")) box.style.fontSize = "";
      }
      arrange();
    });
  }

  // A link to what is folded unfolds it.
  function unfold() {
    const goal = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (!goal) return;
    let folded = false;
    for (let up = goal.parentElement; up; up = up.parentElement) {
      if (up.tagName === "DETAILS" && !up.open) folded = up.open = true;
    }
    if (folded) goal.scrollIntoView({ block: "center" });
  }

  document.querySelectorAll(".tex").forEach((span) => set(span));
  themes();
  contents();
  wrongLines();
  printing();
  arrange();
  for (const details of document.querySelectorAll("details")) details.addEventListener("toggle", arrange);
  let waiting = 0;
  addEventListener("resize", () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(arrange);
  });
  addEventListener("hashchange", unfold);
  document.fonts.ready.then(() => {
    arrange();
    unfold();
    document.documentElement.dataset.ready = "";
  });
})();
