#![doc = "Caravan store."]
