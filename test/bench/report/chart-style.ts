/**
 * Style sheet of the charts. In an `<img>` the colours follow the scheme of the reader's system; the
 * page around it may have the other one, so the chart brings its own background. No custom
 * properties: not all renderers of SVG know them.
 */
export const CHART_STYLE = `
  text { font-family: system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif; font-size: 13px; fill: #1f2328 }
  .card { fill: #ffffff; stroke: #d1d9e0 }
  .title { font-size: 17px; font-weight: 600 }
  .muted { fill: #59636e }
  .note { font-size: 11px; fill: #59636e }
  .name { text-anchor: end }
  .ours-name, .value { font-weight: 600 }
  .axis { stroke: #d1d9e0 }
  .ours { fill: #1f6feb }
  .baseline { fill: #59636e }
  .other { fill: #c4ccd4 }
  .whisker { fill: none; stroke: #1f2328; stroke-width: 1.25 }
  .halo { fill: none; stroke: #ffffff; stroke-width: 3.5; stroke-opacity: 0.7 }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc }
    .card { fill: #0d1117; stroke: #3d444d }
    .muted, .note { fill: #9198a1 }
    .axis { stroke: #3d444d }
    .ours { fill: #388bfd }
    .baseline { fill: #9198a1 }
    .other { fill: #464e58 }
    .whisker { stroke: #f0f6fc }
    .halo { stroke: #0d1117 }
  }
`;
