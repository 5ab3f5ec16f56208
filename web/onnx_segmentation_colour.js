// A colour picker for `background`, in the menu of the node's right click.
import { app } from "../../scripts/app.js"
import { isOurs, widgetOf } from "./onnx_segmentation_page.js"
import { say } from "./onnx_segmentation_words.js"

function set(node, value) {
  const widget = widgetOf(node, "background")
  widget.value = value
  widget.callback?.call(widget, value, app.canvas, node)
  node.setDirtyCanvas(true, true)
}

function pick(node) {
  const now = widgetOf(node, "background").value
  const input = Object.assign(document.createElement("input"), { type: "color", value: /^#[0-9a-f]{6}$/i.test(now) ? now : "#ffffff" })
  input.className = "onnx-segmentation-colour"
  input.style.cssText = `position: fixed; left: ${innerWidth / 2}px; top: ${innerHeight / 2}px; opacity: 0`
  input.addEventListener("input", () => set(node, input.value))
  input.addEventListener("change", () => input.remove())
  app.canvas.canvas.parentElement.append(input)
  input.click()
}

function items(node) {
  return [
    { content: say("pick_colour"), callback: () => pick(node) },
    { content: say("transparent"), callback: () => set(node, "transparent") },
  ]
}

app.registerExtension({
  name: "onnxsegmentation.colour",
  nodeCreated(node) {
    if (!isOurs(node.comfyClass) || !widgetOf(node, "background")) return
    const before = node.getExtraMenuOptions
    node.getExtraMenuOptions = function (canvas, options) {
      const more = before?.apply(this, arguments)
      options.unshift(...items(this))
      return more
    }
  },
})
