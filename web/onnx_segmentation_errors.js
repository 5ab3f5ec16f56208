// What went wrong, in the words of the node that says it: the page itself says "This node threw an error".
import { app } from "../../scripts/app.js"
import { api } from "../../scripts/api.js"
import { findNode, isOurs, tell } from "./onnx_segmentation_page.js"
import { clearError, showError } from "./onnx_segmentation_preview.js"

const shown = new Set()

app.registerExtension({
  name: "onnxsegmentation.errors",
  setup() {
    api.addEventListener("execution_error", ({ detail }) => {
      if (!isOurs(detail.node_type)) return
      const node = findNode(detail.node_id)
      const message = String(detail.exception_message).trim()
      tell("error", message, node?.title ?? detail.node_type)
      if (!node) return
      showError(node, message)
      shown.add(node)
    })
    api.addEventListener("execution_start", () => {
      shown.forEach(clearError)
      shown.clear()
    })
  },
})
