// A block that is wider than the window scrolls by itself: let the keyboard reach those, and only
// those.
const reach = (block) => {
  if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
  else block.removeAttribute("tabindex");
};
document.addEventListener("DOMContentLoaded", () => {
  const blocks = document.querySelectorAll("article .highlight, article pre, article .table-wrapper");
  const watch = new ResizeObserver((entries) => entries.forEach(({ target }) => reach(target)));
  blocks.forEach((block) => watch.observe(block));
});

// A browser reads no other file for a page that is itself a file: results without a summary then.
if (location.protocol === "file:") DOCUMENTATION_OPTIONS.SHOW_SEARCH_SUMMARY = false;
