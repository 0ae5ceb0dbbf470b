#![doc = "Caravan model."]
