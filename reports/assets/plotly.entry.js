// plotly.js with only the traces of components/charts. See README.md here.
const Plotly = require("plotly.js/lib/core")

Plotly.register([
  require("plotly.js/lib/bar"),
  require("plotly.js/lib/choropleth"),
  require("plotly.js/lib/funnel"),
  require("plotly.js/lib/heatmap"),
  require("plotly.js/lib/sankey"),
  require("plotly.js/lib/treemap"),
])

module.exports = Plotly
