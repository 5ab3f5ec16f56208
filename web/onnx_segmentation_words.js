// The page's own words in its language. They lie in locales/<language>/main.json, which ComfyUI serves at /i18n.
import { app } from "../../scripts/app.js"
import { api } from "../../scripts/api.js"

const PART = "onnxSegmentation"
let every = {}

export const wordsAreHere = api
  .fetchApi("/i18n")
  .then((answer) => answer.json())
  .then((found) => (every = found))
  .catch((error) => console.warn(`ONNX Segmentation has no words: ${error.message}`))

// The phrase of this id, with values in the places of %1, %2 ...
export function say(id, ...values) {
  const language = app.ui?.settings?.getSettingValue?.("Comfy.Locale") ?? "en"
  const phrase = [language, language.split("-")[0], "en"].map((each) => every[each]?.[PART]?.[id]).find(Boolean) ?? id
  return phrase.replace(/%(\d)/g, (mark, place) => values[place - 1] ?? mark)
}
