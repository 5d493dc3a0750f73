#include "journal/report_parts.h"

namespace postern::report {

// Each colour of a plot has a contrast of at least 3 to 1 on its ground (WCAG 2.1, 1.4.11), which a
// test computes; the lightness of neighbours differs, so that the colour-blind can tell them apart.
const std::string_view style = R"(<style>
:root { --let-in: #4f8ac9; --put-off: #b87000; --refused: #a11a24; --other: #5f3a98; --plain: #4a5361; }
@media (prefers-color-scheme: dark) {
  :root { --let-in: #4f7fb5; --put-off: #f0b44c; --refused: #ff7d72; --other: #a884e0; --plain: #b3bac5; }
}
body { max-width: 64rem; }
h1 { margin-bottom: 0.5rem; }
h2 { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); }
h3 { margin: 1.75rem 0 0.5rem; font-size: 1.0625rem; line-height: 1.35; }
.lead { font-size: 1.125rem; max-width: 46rem; }
section > p { max-width: 46rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 0.75rem; margin: 1.5rem 0; padding: 0; list-style: none; }
.figures li { margin: 0; padding: 0.75rem 1rem; background: var(--panel); border-top: 0.25rem solid var(--plain); }
.figures .let-in { border-color: var(--let-in); }
.figures .put-off { border-color: var(--put-off); }
.figures .refused { border-color: var(--refused); }
.figures .other { border-color: var(--other); }
.figures b { display: block; font-size: 1.625rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.figures span { display: block; color: var(--quiet); font-size: 0.9375rem; line-height: 1.4; }
.findings { max-width: 46rem; padding: 0; list-style: none; }
.findings li { margin: 0; padding: 0.125rem 0 0.125rem 1rem; border-left: 0.25rem solid var(--line); line-height: 1.5; }
.findings li + li { margin-top: 0.5rem; }
.findings .look { border-color: var(--put-off); }
.plot { margin: 1.25rem 0 2rem; }
figcaption { font-weight: 600; }
.legend { display: flex; flex-wrap: wrap; gap: 0 1.25rem; margin: 0.25rem 0 0.75rem; padding: 0; list-style: none; font-size: 0.9375rem; color: var(--quiet); }
.legend li { margin: 0; }
.legend li::before { content: ""; display: inline-block; width: 0.75em; height: 0.75em; margin-right: 0.45em; background: currentColor; vertical-align: -0.02em; }
.legend .let-in::before { background: var(--let-in); }
.legend .put-off::before { background: var(--put-off); }
.legend .refused::before { background: var(--refused); }
.legend .other::before { background: var(--other); }
.legend .plain::before { background: var(--plain); }
.chart { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.25rem 0.5rem; font-size: 0.875rem; line-height: 1.2; color: var(--quiet); font-variant-numeric: tabular-nums; }
.ys { display: flex; flex-direction: column; justify-content: space-between; text-align: right; margin: -0.6em 0; white-space: nowrap; }
.xs { grid-column: 2; position: relative; height: 1.4em; }
.xs span { position: absolute; padding-left: 0.125rem; white-space: nowrap; }
.chart svg { display: block; width: 100%; height: 11rem; overflow: visible; }
svg .let-in { fill: var(--let-in); }
svg .put-off { fill: var(--put-off); }
svg .refused { fill: var(--refused); }
svg .other { fill: var(--other); }
svg .plain { fill: var(--plain); }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
svg .line.let-in { stroke: var(--let-in); }
svg .line.refused { stroke: var(--refused); }
svg .line.plain { stroke: var(--plain); }
svg .grid { fill: none; stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
svg .touch { fill: transparent; }
svg .touch:hover { fill: var(--plain); fill-opacity: 0.18; }
.spark { display: inline-block; width: 8rem; height: 1.5rem; vertical-align: middle; border-bottom: 1px solid var(--line); }
table { width: 100%; border-collapse: collapse; font-size: 0.9375rem; line-height: 1.45; }
caption { text-align: left; font-weight: 600; font-size: 1.0625rem; padding: 0 0 0.5rem; }
th, td { padding: 0.4rem 0.75rem 0.4rem 0; text-align: left; vertical-align: top; font-weight: 400; border-bottom: 1px solid var(--line); }
thead th { color: var(--quiet); font-size: 0.875rem; vertical-align: bottom; line-height: 1.3; }
tbody th { font-weight: 600; }
tbody th small, td small { font-weight: 400; font-size: 0.875rem; color: var(--quiet); display: block; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.number:last-child { padding-right: 0; }
.drawing { width: 8.75rem; }
table { margin: 1.25rem 0 1.75rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: 0 3rem; align-items: start; }
details { margin: 0.5rem 0; }
summary { cursor: pointer; color: var(--link); font-size: 0.9375rem; }
summary:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.scroll { max-height: 24rem; overflow: auto; margin-top: 0.5rem; padding: 0 1rem; background: var(--panel); }
.scroll:focus-visible { outline: 3px solid var(--link); }
.scroll table { margin: 0; width: auto; min-width: 60%; }
.scroll thead th { position: sticky; top: 0; background: var(--panel); padding-top: 0.75rem; }
.scroll th, .scroll td { white-space: nowrap; }
.would { margin: 1.5rem 0; padding: 1rem 1.25rem; background: var(--panel); border-left: 0.375rem solid var(--other); }
.would h3 { margin-top: 0; }
.would p { margin-bottom: 0.5rem; }
.would small { display: block; color: var(--quiet); font-size: 0.9375rem; }
.would table { margin: 0.75rem 0 0; }
.would tr:last-child > * { border: 0; }
.notes { font-size: 0.9375rem; }
@media (max-width: 44rem) {
  h2 { margin-top: 2.25rem; }
  .stack, .stack caption, .stack tbody { display: block; }
  .stack thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .stack tr { display: grid; grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 0.25rem 0.75rem; padding: 0.75rem 0; border-bottom: 1px solid var(--line); }
  .stack th, .stack td { display: block; padding: 0; border: 0; white-space: normal; text-align: left; width: auto; }
  .stack th { grid-column: 1 / -1; }
  .stack td.drawing::before { display: none; }
  .stack td[data-label]:not(.drawing)::before { content: attr(data-label); display: block; color: var(--quiet); font-size: 0.875rem; line-height: 1.3; }
  .stack td.number { grid-column: span 2; }
  .stack td.word { grid-column: span 3; }
  .stack td.words, .stack td.drawing { grid-column: 1 / -1; }
  table:not(.stack) tbody th { width: 45%; }
  .stack td:empty { display: none; }
  .stack .spark { width: 100%; }
}
@media print {
  body { font-size: 10pt; }
  .plot, .would, .figures, tr { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  details { display: none; }
}
</style>
)";

}  // namespace postern::report
