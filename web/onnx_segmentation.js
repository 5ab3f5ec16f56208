// Numbers without typing: a preset of the model's family, or what the model's own file says.
// These widgets are the page's own: they come after the node's and are not saved, so that saved values keep their places.
import { app } from "../../scripts/app.js"
import { api } from "../../scripts/api.js"

const NO_PRESET = "custom"
const ADVANCED = "ImageSegmentationCustomAdvanced"
const SIMPLE = "ImageSegmentationCustom"
const NUMBERS = /^(mean|std)_[rgb]$|^(width|height|decoding)$/
let presets = {}

function say(severity, detail) {
  const toast = app.extensionManager?.toast
  if (toast) toast.add({ severity, summary: "ONNX Segmentation", detail, life: severity === "error" ? 10000 : 6000 })
  else window.alert(detail)
}

async function ask(path) {
  const response = await api.fetchApi(`/onnx_segmentation/${path}`)
  const body = await response.json().catch(() => ({}))
  if (!response.ok) throw new Error(body.message ?? `the server answered ${response.status}`)
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
    say("warn", `${numbers.source}: mean and std differ by channel, or the size is not square. Use the node with all numbers.`)
    return false
  }
  for (const [name, value] of Object.entries(wanted)) {
    const widget = node.widgets.find((each) => each.name === name)
    if (!widget) continue // an input of that name is linked instead
    widget.value = value
    widget.callback?.call(widget, value, app.canvas, node)
  }
  node.setDirtyCanvas(true, true)
  const also = numbers.also.length ? `. It also wants ${numbers.also.join(", ")}: the recipe node can say that` : ""
  const doubt = numbers.doubt ? `; ${numbers.doubt}` : ""
  say(also || doubt ? "warn" : "success", `Filled in from: ${numbers.source}${doubt}${also}`)
  return true
}

// Older pages leave a hole in the saved values for a widget that is not saved, if one that is saved comes later.
function saveOnly(node, count) {
  const before = node.onSerialize
  node.onSerialize = function (saved) {
    before?.call(this, saved)
    if (saved.widgets_values?.length > count) saved.widgets_values.length = count
  }
}

function unsaved(widget) {
  widget.serialize = false // not in the saved graph
  widget.options ??= {}
  widget.options.serialize = false // not in the prompt
  widget.serializeValue = () => undefined
  return widget
}

function addPreset(node) {
  let filling = false
  const choose = (name) => {
    filling = true
    if (name in presets) fill(node, presets[name])
    filling = false
  }
  const preset = unsaved(node.addWidget("combo", "preset", NO_PRESET, choose, { values: [NO_PRESET, ...Object.keys(presets)] }))
  preset.tooltip = "Fills in mean, std, size and decoding for a family of models."
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

async function readModel(node) {
  const model = node.widgets.find((widget) => widget.name === "model")?.value
  if (!model) return say("error", "No model is picked: put an .onnx file into models/onnx and refresh the page (R).")
  try {
    return fill(node, await ask(`recipe?model=${encodeURIComponent(model)}`))
  } catch (error) {
    return say("error", error.message)
  }
}

function addReader(node, after) {
  const button = unsaved(node.addWidget("button", "read from model", null, () => readModel(node).then((done) => done && after())))
  button.tooltip = "Fills in mean, std, size and decoding as the model's file, or what lies beside it, says."
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
    if (node.comfyClass !== ADVANCED && node.comfyClass !== SIMPLE) return
    saveOnly(node, node.widgets.length)
    const preset = node.comfyClass === ADVANCED ? addPreset(node) : null
    addReader(node, () => preset && (preset.value = NO_PRESET))
  },
})
