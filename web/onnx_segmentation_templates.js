// The pictures of our templates: put into ComfyUI's input folder when a template of ours is opened that names one.
import { app } from "../../scripts/app.js"
import { api } from "../../scripts/api.js"

const EXAMPLES = { "onnx_segmentation_example.jpg": ["LoadImage", "image"], "onnx_segmentation_example.mp4": ["LoadVideo", "file"] }

// The list of files that a loader offers, as the page has it: new nodes are made from it.
function listed(type, input) {
  const [kind, options] = globalThis.LiteGraph?.registered_node_types?.[type]?.nodeData?.input?.required?.[input] ?? []
  return Array.isArray(kind) ? kind : options?.options
}

async function upload(file) {
  const content = await (await fetch(new URL(file, import.meta.url))).blob()
  const form = new FormData()
  form.append("image", content, file)
  const answer = await api.fetchApi("/upload/image", { method: "POST", body: form })
  if (!answer.ok) throw new Error(`the server answered ${answer.status}`)
}

app.registerExtension({
  name: "onnxsegmentation.templates",
  async beforeConfigureGraph(graph) {
    const named = (graph?.nodes ?? []).filter(({ widgets_values: values }) => Array.isArray(values)).map((node) => node.widgets_values[0])
    for (const file of new Set(named.filter((name) => Object.hasOwn(EXAMPLES, name)))) {
      const files = listed(...EXAMPLES[file])
      if (!files || files.includes(file)) continue
      try {
        await upload(file)
        files.push(file)
      } catch (error) {
        console.warn(`ONNX Segmentation could not put ${file} into the input folder: ${error.message}`)
      }
    }
  },
})
