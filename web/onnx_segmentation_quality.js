// Graphs from before there was quality keep their cut-outs: rembg is theirs, a node that is placed anew has best.
import { app } from "../../scripts/app.js"

const NAME = "quality"
const NEW_DEFAULT = "ImageSegmentationAuto"

app.registerExtension({
  name: "onnxsegmentation.quality",
  nodeCreated(node) {
    if (node.comfyClass !== NEW_DEFAULT) return
    const place = node.widgets.findIndex((each) => each.name === NAME)
    if (place < 0) return // another pack's node of this name
    const before = node.onConfigure
    node.onConfigure = function (saved) {
      before?.call(this, saved)
      const widget = this.widgets.find((each) => each.name === NAME)
      if (widget && Array.isArray(saved.widgets_values) && saved.widgets_values.length <= place) widget.value = "rembg"
    }
  },
})
