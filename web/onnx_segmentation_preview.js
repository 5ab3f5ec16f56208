// What came out, on the node that made it: the first frame's cut-out, mask or trimap, and one line of state.
import { app } from "../../scripts/app.js"
import { api } from "../../scripts/api.js"
import { everyNode, findNode, isOurs } from "./onnx_segmentation_page.js"
import { say } from "./onnx_segmentation_words.js"

const EVENT = "onnx_segmentation.preview"
const SETTING = "ONNXSegmentation.Preview"
const WIDGET = "onnx_segmentation_preview"
const OPEN = "onnx_segmentation_preview_open" // of a node's properties, which are saved
const NAMES = ["cutout", "mask", "trimap"]
const HEIGHTS = { pictures: 240, closed: 26, error: 72 }
const GROUNDS = ["light", "dark", "green"]
let ground = GROUNDS[0]

const STYLE = `
:host { display: flex; flex-direction: column; gap: 4px; box-sizing: border-box; overflow: hidden; font: 11px sans-serif; color: var(--descrip-text, #999); }
.tabs { display: flex; gap: 4px; flex: none; }
button { flex: 1; padding: 2px 4px; border: 1px solid var(--border-color, #4e4e4e); border-radius: 4px; background: transparent; color: inherit; font: inherit; cursor: pointer; }
button.fold { flex: none; width: 22px; }
button[aria-pressed="true"] { background: var(--comfy-input-bg, #222); color: var(--input-text, #ddd); }
.frame { flex: 1; min-height: 0; display: flex; align-items: center; justify-content: center; }
img { flex: none; width: auto; max-width: 100%; max-height: 100%; border-radius: 4px; cursor: pointer; }
img.light { background: repeating-conic-gradient(#bbb 0% 25%, #fff 0% 50%) 0 0 / 16px 16px; }
img.dark { background: repeating-conic-gradient(#333 0% 25%, #111 0% 50%) 0 0 / 16px 16px; }
img.green { background: #00b140; }
.line { flex: none; display: flex; align-items: center; gap: 4px; }
.state { flex: 1; min-width: 0; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; text-align: center; }
:host(.closed) .tabs, :host(.closed) .frame, :host(.error) .tabs, :host(.error) .frame, :host(.error) .fold { display: none; }
:host(.error) .line { flex: 1; min-height: 0; align-items: flex-start; }
:host(.error) .state { white-space: normal; overflow: auto; max-height: 100%; text-align: start; color: #ff8a80; }
`

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

function build(node) {
  const image = element("img", { draggable: false, alt: "", className: ground, onclick: nextGround })
  const tabs = element("div", { className: "tabs" })
  const state = element("div", { className: "state" })
  const fold = element("button", { type: "button", className: "fold", onclick: () => setOpen(node, !node.properties[OPEN]) })
  const line = element("div", { className: "line" }, fold, state)
  const root = element("div", { className: "onnx-segmentation-preview" })
  const inside = root.attachShadow({ mode: "open" }) // its style is nobody else's, and the page's not its own
  inside.append(element("style", { textContent: STYLE }), tabs, element("div", { className: "frame" }, image), line)
  root.addEventListener("wheel", (event) => app.canvas.processMouseWheel(event)) // zooms the graph, as beside it
  return { root, image, tabs, state, fold, shown: "cutout", form: "" }
}

// Light, dark or green behind every cut-out: a white edge shows on dark, a dark one on light.
function nextGround() {
  ground = GROUNDS[(GROUNDS.indexOf(ground) + 1) % GROUNDS.length]
  everyNode(app.rootGraph ?? app.graph, ({ onnxSegmentationPreview: view }) => view && (view.image.className = ground))
}

function setForm(node, view, form) {
  if (view.form === form) return
  const grown = HEIGHTS[form] - (HEIGHTS[view.form] ?? 0)
  view.form = form
  view.root.classList.toggle("closed", form === "closed")
  view.root.classList.toggle("error", form === "error")
  view.fold.textContent = form === "closed" ? "▸" : "▾"
  view.fold.title = say(form === "closed" ? "open" : "close")
  view.root.style.minHeight = `${HEIGHTS[form]}px`
  const [width, height] = node.computeSize()
  node.setSize([Math.max(node.size[0], width), grown < 0 ? Math.max(node.size[1] + grown, height) : Math.max(node.size[1], height)])
  node.setDirtyCanvas(true, true)
}

function setOpen(node, open) {
  node.properties[OPEN] = open
  setForm(node, node.onnxSegmentationPreview, open ? "pictures" : "closed")
}

function show(view, pictures, name) {
  view.shown = name
  view.image.src = pictures[name]
  view.image.alt = say(name)
  view.image.title = say("ground")
  for (const tab of view.tabs.children) tab.setAttribute("aria-pressed", String(tab.name === name))
}

function update(node, view, { pictures, state }) {
  const tab = (name) => element("button", { type: "button", name, textContent: say(name), onclick: () => show(view, pictures, name) })
  view.tabs.replaceChildren(...NAMES.filter((name) => name in pictures).map(tab))
  view.state.textContent = view.state.title = state
  show(view, pictures, view.shown in pictures ? view.shown : "cutout")
  setForm(node, view, node.properties[OPEN] ? "pictures" : "closed")
}

function addPreview(node) {
  const view = build(node)
  const options = { serialize: false, hideOnZoom: false, getMinHeight: () => HEIGHTS[view.form] ?? 0, getValue: () => "", setValue: () => {} }
  const widget = node.addDOMWidget(WIDGET, "preview", view.root, options)
  widget.serialize = false // neither in the saved graph
  widget.serializeValue = () => undefined // nor in the prompt
  node.onnxSegmentationPreview = view
  return view
}

function removePreview(node) {
  const widget = node.widgets?.find((each) => each.name === WIDGET)
  if (!widget) return
  if (node.removeWidget) node.removeWidget(widget)
  else node.widgets.splice(node.widgets.indexOf(widget), 1)
  widget.onRemove?.()
  widget.element?.remove()
  delete node.onnxSegmentationPreview
  node.setSize([node.size[0], node.computeSize()[1]])
}

export function showError(node, message) {
  const view = node.onnxSegmentationPreview ?? addPreview(node)
  view.state.textContent = view.state.title = message
  setForm(node, view, "error")
}

export function clearError(node) {
  if (node.onnxSegmentationPreview?.form === "error") removePreview(node)
}

// Older pages keep ComfyUI's own widget with the same line of text.
function removeProgressText(node) {
  const place = node.widgets.findIndex((each) => each.name === "$$node-text-preview")
  if (place < 0) return
  const [widget] = node.widgets.splice(place, 1)
  widget.onRemove?.()
}

const enabled = () => app.extensionManager?.setting?.get(SETTING) ?? app.ui.settings.getSettingValue(SETTING, true)

app.registerExtension({
  name: "onnxsegmentation.preview",
  settings: [
    {
      id: SETTING,
      category: ["ONNX Segmentation", "Nodes", "Preview"],
      name: "Show the cut-out on the node after a run",
      tooltip: "The first frame's cut-out, mask or trimap, with the model, provider and time.",
      type: "boolean",
      defaultValue: true,
      onChange: (on) => on === false && everyNode(app.rootGraph ?? app.graph, removePreview),
    },
  ],
  nodeCreated(node) {
    if (!isOurs(node.comfyClass)) return
    node.properties[OPEN] = true
    const before = node.onConfigure
    node.onConfigure = function (saved) {
      before?.call(this, saved)
      // A graph that was made without the preview has no room for it: one line below the node, until it is opened.
      if (saved.properties?.[OPEN] === undefined) this.properties[OPEN] = false
    }
  },
  setup() {
    api.addEventListener(EVENT, ({ detail }) => {
      const node = enabled() ? findNode(detail.node) : null
      if (!node) return
      removeProgressText(node)
      update(node, node.onnxSegmentationPreview ?? addPreview(node), detail)
      node.setDirtyCanvas(true, true)
    })
  },
})
