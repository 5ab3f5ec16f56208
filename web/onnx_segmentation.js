// Numbers without typing: a preset of the model's family, or what the model's own file says.
// These widgets are the page's own: they come after the node's and are not saved, so that saved values keep their places.
import { app } from "../../scripts/app.js"
import { api } from "../../scripts/api.js"
import { isOurs, tell, unsaved, widgetOf } from "./onnx_segmentation_page.js"
import { say } from "./onnx_segmentation_words.js"

const NO_PRESET = "custom"
const ADVANCED = "ImageSegmentationCustomAdvanced"
const SIMPLE = "ImageSegmentationCustom"
const NUMBERS = /^(mean|std)_[rgb]$|^(width|height|decoding)$/
let presets = {}

async function ask(path) {
  const response = await api.fetchApi(`/onnx_segmentation/${path}`)
  const body = await response.json().catch(() => ({}))
  if (!response.ok) throw new Error(body.message ?? say("answered", response.status))
  return body
}

// The numbers as this node's widgets hold them; null where they cannot.
function values({ mean, std, width, height, decoding }, node) {
  const shared = { decoding: decoding === "min_max" ? "default" : decoding }
  if (node.comfyClass === ADVANCED) {
    const channels = ["r", "g", "b"].flatMap((name, i) => [[`mean_${name}`, mean[i]], [`std_${name}`, std[i]]])
    return { ...Object.fromEntries(channels), width, height, ...shared }
  }
  const one = (numbers) => numbers.every((number) => number === numbers[0])
  return one(mean) && one(std) && width === height ? { mean: mean[0], std: std[0], size: width, ...shared } : null
}

function fill(node, numbers) {
  const wanted = values(numbers, node)
  if (!wanted) {
    tell("warn", say("too_many_numbers", numbers.source))
    return false
  }
  for (const [name, value] of Object.entries(wanted)) {
    const widget = widgetOf(node, name)
    if (!widget) continue // an input of that name is linked instead
    widget.value = value
    widget.callback?.call(widget, value, app.canvas, node)
  }
  node.setDirtyCanvas(true, true)
  const also = numbers.also.length ? ` ${say("also_wants", numbers.also.join(", "))}` : ""
  const doubt = numbers.doubt ? ` ${numbers.doubt}.` : ""
  tell(also || doubt ? "warn" : "success", say("filled_in", numbers.source, inWords(numbers)) + doubt + also)
  return true
}

const inWords = ({ mean, std, width, height }) => `mean ${mean.join(" ")}, std ${std.join(" ")}, ${width} x ${height}`

// Older pages leave a hole in the saved values for a widget that is not saved, if one that is saved comes later.
function saveOnly(node, count) {
  const before = node.onSerialize
  node.onSerialize = function (saved) {
    before?.call(this, saved)
    if (saved.widgets_values?.length > count) saved.widgets_values.length = count
  }
}

function addPreset(node) {
  let filling = false
  const choose = (name) => {
    filling = true
    if (name in presets) fill(node, presets[name])
    filling = false
  }
  const preset = unsaved(node.addWidget("combo", "preset", NO_PRESET, choose, { values: [NO_PRESET, ...Object.keys(presets)] }))
  preset.label = say("preset")
  preset.tooltip = say("preset_tooltip")
  // A number that is changed by hand is no preset's any more.
  for (const widget of node.widgets.filter(({ name }) => NUMBERS.test(name))) {
    const before = widget.callback
    widget.callback = function (...values) {
      if (!filling) preset.value = NO_PRESET
      return before?.apply(this, values)
    }
  }
  return preset
}

// Reading takes seconds. An answer counts only for the question that was asked last, of the model that is still picked,
// on a node that is still there.
async function readModel(node, button) {
  const model = widgetOf(node, "model")?.value
  if (!model) return tell("error", say("no_model"))
  const question = (node.onnxSegmentationQuestion = {})
  const isLate = () => node.onnxSegmentationQuestion !== question || widgetOf(node, "model")?.value !== model || !node.graph
  setLabel(node, button, say("reading", model))
  try {
    const numbers = await ask(`recipe?model=${encodeURIComponent(model)}`)
    return !isLate() && fill(node, numbers)
  } catch (error) {
    return !isLate() && tell("error", error.message)
  } finally {
    if (node.onnxSegmentationQuestion === question) setLabel(node, button, say("read"))
  }
}

function setLabel(node, button, text) {
  button.label = text
  node.setDirtyCanvas(true, true)
}

function addReader(node, after) {
  const read = () => readModel(node, button).then((done) => done && after())
  const button = unsaved(node.addWidget("button", "read from model", null, read))
  button.label = say("read")
  button.tooltip = say("read_tooltip")
}

app.registerExtension({
  name: "onnxsegmentation.numbers",
  async init() {
    try {
      presets = await ask("presets")
    } catch (error) {
      console.warn(`ONNX Segmentation has no presets: ${error.message}`)
    }
  },
  nodeCreated(node) {
    if ((node.comfyClass !== ADVANCED && node.comfyClass !== SIMPLE) || !isOurs(node.comfyClass)) return
    saveOnly(node, node.widgets.length)
    const preset = node.comfyClass === ADVANCED ? addPreset(node) : null
    addReader(node, () => preset && (preset.value = NO_PRESET))
  },
})
