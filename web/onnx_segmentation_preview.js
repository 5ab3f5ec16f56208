// What came out, on the node that made it: the first frame's cut-out, mask or trimap, and one line of state.
import { app } from "../../scripts/app.js"
import { api } from "../../scripts/api.js"

const EVENT = "onnx_segmentation.preview"
const SETTING = "ONNXSegmentation.Preview"
const WIDGET = "onnx_segmentation_preview"
const NAMES = { cutout: "cut-out", mask: "mask", trimap: "trimap" }
const HEIGHT = 240

const STYLE = `
:host { display: flex; flex-direction: column; gap: 4px; box-sizing: border-box; overflow: hidden; font: 11px sans-serif; color: var(--descrip-text, #999); }
.tabs { display: flex; gap: 4px; flex: none; }
button { flex: 1; padding: 2px 4px; border: 1px solid var(--border-color, #4e4e4e); border-radius: 4px; background: transparent; color: inherit; font: inherit; cursor: pointer; }
button[aria-pressed="true"] { background: var(--comfy-input-bg, #222); color: var(--input-text, #ddd); }
.frame { flex: 1; min-height: 0; display: flex; align-items: center; justify-content: center; }
img { flex: none; width: auto; max-width: 100%; max-height: 100%; border-radius: 4px; background: repeating-conic-gradient(#bbb 0% 25%, #fff 0% 50%) 0 0 / 16px 16px; }
.state { flex: none; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; text-align: center; }
`

function element(tag, properties, ...children) {
  const made = Object.assign(document.createElement(tag), properties)
  made.append(...children)
  return made
}

// The node of an id as the server knows it: inside subgraphs "12:7" is node 7 of the graph within node 12.
function findNode(id) {
  let graph = app.rootGraph ?? app.graph
  let node = null
  for (const part of String(id).split(":")) {
    node = graph?.getNodeById?.(part) ?? graph?.getNodeById?.(Number(part)) ?? null
    graph = node?.subgraph
  }
  return node
}

function build() {
  const image = element("img", { draggable: false, alt: "" })
  const tabs = element("div", { className: "tabs" })
  const state = element("div", { className: "state" })
  const root = element("div", { className: "onnx-segmentation-preview" })
  const inside = root.attachShadow({ mode: "open" }) // its style is nobody else's, and the page's not its own
  inside.append(element("style", { textContent: STYLE }), tabs, element("div", { className: "frame" }, image), state)
  root.addEventListener("wheel", (event) => app.canvas.processMouseWheel(event)) // zooms the graph, as beside it
  return { root, image, tabs, state, shown: "cutout" }
}

function show(view, pictures, name) {
  view.shown = name
  view.image.src = pictures[name]
  view.image.alt = NAMES[name]
  for (const tab of view.tabs.children) tab.setAttribute("aria-pressed", String(tab.name === name))
}

function update(view, { pictures, state }) {
  const tab = (name) => element("button", { type: "button", name, textContent: NAMES[name], onclick: () => show(view, pictures, name) })
  view.tabs.replaceChildren(...Object.keys(NAMES).filter((name) => name in pictures).map(tab))
  view.state.textContent = view.state.title = state
  show(view, pictures, view.shown in pictures ? view.shown : "cutout")
}

function addPreview(node) {
  const view = build()
  const options = { serialize: false, hideOnZoom: false, getMinHeight: () => HEIGHT, getValue: () => "", setValue: () => {} }
  const widget = node.addDOMWidget(WIDGET, "preview", view.root, options)
  widget.serialize = false // neither in the saved graph
  widget.serializeValue = () => undefined // nor in the prompt
  node.onnxSegmentationPreview = view
  const [width, height] = node.computeSize()
  node.setSize([Math.max(node.size[0], width), Math.max(node.size[1], height)])
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

// Older pages keep ComfyUI's own widget with the same line of text.
function removeProgressText(node) {
  const place = node.widgets.findIndex((each) => each.name === "$$node-text-preview")
  if (place < 0) return
  const [widget] = node.widgets.splice(place, 1)
  widget.onRemove?.()
}

const enabled = () => app.extensionManager?.setting?.get(SETTING) ?? app.ui.settings.getSettingValue(SETTING, true)

function everyNode(graph, visit) {
  for (const node of graph?.nodes ?? []) {
    visit(node)
    if (node.subgraph) everyNode(node.subgraph, visit)
  }
}

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
  setup() {
    api.addEventListener(EVENT, ({ detail }) => {
      const node = enabled() ? findNode(detail.node) : null
      if (!node) return
      removeProgressText(node)
      update(node.onnxSegmentationPreview ?? addPreview(node), detail)
      node.setDirtyCanvas(true, true)
    })
  },
})
