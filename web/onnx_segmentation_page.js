// What the other scripts share: our nodes in the graph, and messages of ours on the page.
import { app } from "../../scripts/app.js"

const FOLDER = decodeURIComponent(new URL(import.meta.url).pathname.split("/").at(-2)) // of this pack in custom_nodes

// Whether ComfyUI has this node from this pack: another one has nodes of the same names.
export function isOurs(type) {
  const place = globalThis.LiteGraph?.registered_node_types?.[type]?.nodeData?.python_module
  return String(type).startsWith("ImageSegmentation") && (!place || place.split(".").slice(1).join(".") === FOLDER)
}

// The node of an id as the server knows it: inside subgraphs "12:7" is node 7 of the graph within node 12.
export function findNode(id) {
  let graph = app.rootGraph ?? app.graph
  let node = null
  for (const part of String(id).split(":")) {
    node = graph?.getNodeById?.(part) ?? graph?.getNodeById?.(Number(part)) ?? null
    graph = node?.subgraph
  }
  return node
}

export function everyNode(graph, visit) {
  for (const node of graph?.nodes ?? []) {
    visit(node)
    if (node.subgraph) everyNode(node.subgraph, visit)
  }
}

export const widgetOf = (node, name) => node.widgets?.find((each) => each.name === name)

export function tell(severity, detail, summary = "ONNX Segmentation") {
  const toast = app.extensionManager?.toast
  if (toast) toast.add({ severity, summary, detail, life: severity === "error" ? 20000 : 6000 })
  else window.alert(detail)
}

// A widget of the page's own: neither in the saved graph nor in the prompt.
export function unsaved(widget) {
  widget.serialize = false
  widget.options ??= {}
  widget.options.serialize = false
  widget.serializeValue = () => undefined
  return widget
}
