// The list of models: size, licence and whether it is here, beside each name; a name that means another's file once.
import { app } from "../../scripts/app.js"
import { api } from "../../scripts/api.js"
import { isOurs, widgetOf } from "./onnx_segmentation_page.js"
import { say, wordsAreHere } from "./onnx_segmentation_words.js"

let models = {}
let aliases = []

async function ask() {
  try {
    const found = await (await api.fetchApi("/onnx_segmentation/models")).json()
    models = found.models ?? {}
    aliases = found.aliases ?? []
  } catch (error) {
    console.warn(`ONNX Segmentation cannot say what the models are: ${error.message}`)
  }
}

function label(name) {
  const model = models[name]
  if (!model) return name
  const parts = [name, model.size, model.commercial ? "" : say("non_commercial"), model.state && say(model.state)]
  return parts.filter(Boolean).join(" · ")
}

// The names without aliases, but for the one that a graph holds.
function shorten(widget) {
  const names = widget.options.values
  if (!Array.isArray(names)) return
  widget.options.values = names.filter((name) => !aliases.includes(name) || name === widget.value)
}

app.registerExtension({
  name: "onnxsegmentation.models",
  init: () => Promise.all([ask(), wordsAreHere]),
  refreshComboInNodes: ask,
  nodeCreated(node) {
    const widget = isOurs(node.comfyClass) ? widgetOf(node, "model") : null
    if (!widget?.options) return
    widget.options.getOptionLabel = (name) => label(name ?? "")
    const all = widget.options.values
    shorten(widget)
    const before = node.onConfigure
    node.onConfigure = function (saved) {
      before?.call(this, saved)
      if (!aliases.includes(widget.value)) return
      widget.options.values = all
      shorten(widget)
    }
  },
})
