// Graphs from before there was min_confidence keep their masks: 0 empties none, a node that is placed anew has 0.5.
import { app } from "../../scripts/app.js"
import { isOurs, widgetOf } from "./onnx_segmentation_page.js"

const NAME = "min_confidence"
const OLDER = ["ImageSegmentation", "ImageSegmentationCustom", "ImageSegmentationCustomAdvanced"]

app.registerExtension({
  name: "onnxsegmentation.saved",
  nodeCreated(node) {
    if (!OLDER.includes(node.comfyClass) || !isOurs(node.comfyClass)) return
    const place = node.widgets.findIndex((each) => each.name === NAME)
    const before = node.onConfigure
    node.onConfigure = function (saved) {
      before?.call(this, saved)
      const widget = widgetOf(this, NAME)
      if (widget && Array.isArray(saved.widgets_values) && saved.widgets_values.length <= place) widget.value = 0
    }
  },
  setup() {
    // A prompt in the form of the API names its inputs.
    const load = app.loadApiJson
    if (!load) return
    app.loadApiJson = function (prompt, ...rest) {
      const older = Object.values(prompt ?? {}).filter((node) => OLDER.includes(node?.class_type) && isOurs(node.class_type))
      for (const node of older) if (node.inputs && !(NAME in node.inputs)) node.inputs[NAME] = 0
      return load.call(this, prompt, ...rest)
    }
  },
})
