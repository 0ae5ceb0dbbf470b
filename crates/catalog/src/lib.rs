#![doc = "Caravan catalog."]
